#include "hub/json_body.h"

#include <fmt/format.h>

#include <boost/json/value.hpp>

#include "base/event.h"
#include "base/json.h"
#include "base/log.h"

namespace berth::hub {
namespace {

constexpr std::size_t kMaxBody = 64 * 1024;
constexpr std::size_t kMaxDepth = 4;
constexpr std::int64_t kMaxSeconds = 10LL * 365 * 24 * 3600;

Task<Result<std::string>> ReadText(HubContext& hub, http::Request& request) {
  co_return co_await WithDeadline(hub.executor, hub.limits.head_timeout, "request body",
                                  http::ReadAll(request.body.get(), kMaxBody));
}

}  // namespace

Task<Result<void>> JsonBody::Receive(HubContext& hub, http::Request& request) {
  auto text = co_await ReadText(hub, request);
  if (!text) co_return std::move(text).error();
  request.body = std::make_unique<http::TextBody>(std::move(*text));
  request.interim = nullptr;
  co_return Ok();
}

Task<Result<JsonBody>> JsonBody::Read(HubContext& hub, http::Request& request) {
  auto text = co_await ReadText(hub, request);
  if (!text) co_return std::move(text).error();
  auto object = ParseJsonObject(*text, kMaxDepth);
  if (object) co_return JsonBody(std::move(*object));
  if (object.error().kind == ErrorKind::kTooLarge) co_return std::move(object).error();
  co_return Invalid("the body is not a JSON object");
}

const boost::json::value* JsonBody::Find(std::string_view name) {
  known_.emplace(name);
  const auto* member = object_.if_contains(name);
  return member == nullptr || member->is_null() ? nullptr : member;
}

void JsonBody::Complain(std::string_view name, std::string_view what) {
  if (complaint_.empty()) complaint_ = fmt::format("member \"{}\" {}", name, what);
}

std::string JsonBody::String(std::string_view name) {
  if (Find(name) == nullptr) Complain(name, "is missing");
  return StringOrNone(name);
}

std::string JsonBody::StringOrNone(std::string_view name) {
  const auto* member = Find(name);
  if (member == nullptr) return {};
  if (const auto* text = member->if_string()) return std::string(*text);
  Complain(name, "is not a string");
  return {};
}

std::string JsonBody::IdOrNone(std::string_view name) {
  const auto* member = Find(name);
  if (member != nullptr && member->is_int64()) return std::to_string(member->get_int64());
  return StringOrNone(name);
}

std::vector<std::string> JsonBody::StringsOrNone(std::string_view name) {
  const auto* member = Find(name);
  if (member == nullptr) return {};
  std::vector<std::string> strings;
  const auto* list = member->if_array();
  if (list == nullptr) Complain(name, "is not a list");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto* text = (*list)[i].if_string();
    if (text == nullptr) {
      Complain(name, "is not a list of strings");
      break;
    }
    strings.emplace_back(*text);
  }
  return strings;
}

std::map<std::string, std::string> JsonBody::StringMapOrNone(std::string_view name) {
  const auto* member = Find(name);
  if (member == nullptr) return {};
  std::map<std::string, std::string> strings;
  const auto* object = member->if_object();
  if (object == nullptr) Complain(name, "is not an object");
  if (object == nullptr) return strings;
  for (const auto& entry : *object) {
    const auto* text = entry.value().if_string();
    if (text == nullptr) Complain(name, "is not an object of strings");
    if (text != nullptr) strings.emplace(std::string_view(entry.key()), std::string(*text));
  }
  return strings;
}

bool JsonBody::Bool(std::string_view name) {
  if (Find(name) == nullptr) Complain(name, "is missing");
  return BoolOr(name, false);
}

bool JsonBody::BoolOr(std::string_view name, bool otherwise) {
  const auto* member = Find(name);
  if (member == nullptr) return otherwise;
  if (const auto* value = member->if_bool()) return *value;
  Complain(name, "is neither true nor false");
  return otherwise;
}

std::optional<std::chrono::seconds> JsonBody::SecondsOrNone(std::string_view name) {
  const auto* member = Find(name);
  if (member == nullptr) return std::nullopt;
  const auto* number = member->if_int64();
  if (number != nullptr && *number >= 1 && *number <= kMaxSeconds) {
    return std::chrono::seconds(*number);
  }
  Complain(name, "is not a whole number of seconds, 1 to ten years");
  return std::nullopt;
}

std::optional<WallTime> JsonBody::TimeOrNone(std::string_view name) {
  const std::string text = StringOrNone(name);
  if (text.empty()) return std::nullopt;
  auto time = ParseIso8601(text);
  if (!time && text.ends_with('Z')) {
    time = ParseIso8601(fmt::format("{}.000Z", text.substr(0, text.size() - 1)));
  }
  if (!time) Complain(name, "is no time like 2030-01-02T03:04:05.000Z");
  return time;
}

Result<void> JsonBody::Finish() const {
  if (!complaint_.empty()) return Invalid(complaint_);
  for (const auto& member : object_) {
    const std::string_view name = member.key();
    if (!known_.contains(name)) {
      return Invalid(fmt::format("unknown member \"{}\"", ForLog(name)));
    }
  }
  return Ok();
}

}  // namespace berth::hub
