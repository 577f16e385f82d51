#include "agent/enrol.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "agent/json_request.h"
#include "base/event.h"
#include "base/json.h"
#include "base/log.h"
#include "control/hub_trouble.h"
#include "control/problem_detail.h"
#include "http/fields.h"
#include "http/media_type.h"
#include "http/retry_after.h"

namespace berth::agent {
namespace {

using std::chrono::seconds;

constexpr Duration kDeadline = seconds(30);
constexpr std::size_t kMaxAnswer = 64 * 1024;
constexpr std::size_t kMaxKeys = 8;
// What a hub may ask of us.
constexpr seconds kShortestInterval{1};
constexpr seconds kLongestInterval{60};
constexpr seconds kLongestLifetime{3600};

seconds SecondsOf(const boost::json::object& object, std::string_view name, seconds otherwise) {
  const auto number = IntegerMember(object, name);
  return number ? seconds(*number) : otherwise;
}

/// Text for a terminal: printable, without spaces, and not too long.
bool IsWord(std::string_view text, std::size_t limit) {
  return !text.empty() && text.size() <= limit &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool IsWebAddress(std::string_view text) {
  return IsWord(text, 500) && (text.starts_with("https://") || text.starts_with("http://"));
}

}  // namespace

struct Enrolment::Answer {
  int status = 0;
  seconds retry_after{};
  boost::json::object body;  ///< Empty if there is none.
  std::string detail;        ///< Of a problem, for a terminal.
};

Enrolment::Enrolment(Executor& executor, http::Service& hub, HubPlace place)
    : executor_(executor), hub_(hub), place_(std::move(place)) {}

Task<Result<Enrolment::Answer>> Enrolment::Exchange(std::string path, std::string body) {
  http::Request request;
  request.head.method = "POST";
  request.head.scheme = place_.scheme;
  request.head.authority = place_.authority;
  request.head.target = place_.path + path;
  request.head.fields.Add("accept", "application/json");
  request.head.fields.Add("content-type", "application/json");
  request.head.fields.Add("user-agent", "berth/" BERTH_VERSION);
  request.body = std::make_unique<http::TextBody>(std::move(body));
  auto response = co_await hub_.Exchange(std::move(request));
  if (!response) {
    co_return control::HubNotReached(std::move(response).error(), place_.url());
  }
  Answer answer;
  answer.status = response->head.status;
  const WallTime now = SystemWallClock()();
  answer.retry_after = http::RetryAfterOf(response->head.fields, now).value_or(seconds());
  auto detail = co_await control::ReadProblemDetail(*response);
  if (detail) {
    answer.detail = ForLog(*detail, 400);
    co_return answer;
  }
  const bool is_json = http::HasMediaType(response->head.fields, "application/json");
  auto text = co_await http::ReadAll(response->body.get(), kMaxAnswer);
  if (!text) co_return std::move(text).error();
  if (!is_json) co_return answer;
  auto value = ParseJson(*text);
  if (!value) co_return std::move(value).error();
  if (auto* object = value->if_object()) answer.body = std::move(*object);
  co_return answer;
}

Task<Result<Enrolment::Answer>> Enrolment::Post(std::string path, std::string body) {
  co_return co_await WithDeadline(executor_, kDeadline, "ask the hub",
                                  Exchange(std::move(path), std::move(body)));
}

Task<Result<EnrolmentCode>> Enrolment::Ask(EnrolmentRequest request) {
  boost::json::object body;
  body["machine"] = request.machine;
  body["instance_id"] = request.client_id;
  body["agent_version"] = BERTH_VERSION;
  body["platform"] = request.platform;
  const TimePoint begin = executor_.now();
  auto answer = co_await Post("/api/enrolments", boost::json::serialize(body));
  if (!answer) co_return std::move(answer).error();
  if (answer->status == 429) {
    co_return Unavailable(fmt::format("the hub takes no more attempts from here; try again in {} s",
                                      answer->retry_after.count()));
  }
  // 501 is of servers that know no POST.
  if (answer->status >= 500 && answer->status != 501) {
    co_return Unavailable(
        fmt::format("{} answered {}; try again later", place_.url(), answer->status));
  }
  const bool is_explained = answer->status == 400 || answer->status == 421;
  if (is_explained && !answer->detail.empty()) {
    co_return Invalid(fmt::format("{} answered: {}", place_.url(), answer->detail));
  }
  EnrolmentCode code{.code = std::string(StringMember(answer->body, "user_code")),
                     .url = std::string(StringMember(answer->body, "verification_url"))};
  device_secret_ = Secret(StringMember(answer->body, "device_secret"));
  if (answer->status != 201 || device_secret_.empty() || !IsWord(code.code, 32) ||
      !IsWebAddress(code.url)) {
    Error error = control::NoHubAt(place_.url());
    error.message +=
        ". If it is one that cannot enrol agents, give the agent a token of berth token create";
    co_return error;
  }
  interval_ = std::clamp(SecondsOf(answer->body, "interval", seconds(5)), kShortestInterval,
                         kLongestInterval);
  code.lifetime = std::clamp(SecondsOf(answer->body, "expires_in", seconds(600)), kShortestInterval,
                             kLongestLifetime);
  end_ = begin + code.lifetime;
  co_return code;
}

Task<Result<EnrolmentGrant>> Enrolment::Await() {
  boost::json::object body;
  body["device_secret"] = device_secret_.Reveal();
  const std::string question = boost::json::serialize(body);
  std::string trouble;
  seconds wait = interval_;
  while (executor_.now() < end_) {
    co_await Sleep(executor_, wait);
    wait = interval_;
    auto answer = co_await Post("/api/enrolments/poll", question);
    if (!answer) {
      if (answer.error().kind == ErrorKind::kInvalid) co_return std::move(answer).error();
      trouble = answer.error().message;
      continue;
    }
    if (answer->status == 429) wait = std::clamp(answer->retry_after, interval_, kLongestInterval);
    if (answer->status != 200) {
      trouble = fmt::format("the hub answered {}", answer->status);
      continue;
    }
    trouble.clear();
    const std::string_view status = StringMember(answer->body, "status");
    if (status == "approved") co_return ReadGrant(answer->body);
    if (status == "denied") {
      const std::string reason = ForLog(StringMember(answer->body, "reason"));
      co_return Forbidden("it was denied at the hub" + (reason.empty() ? "" : ": " + reason));
    }
    if (status == "taken") {
      co_return Conflict(
          fmt::format("the hub has handed out a token, and its answer did not arrive: revoke the "
                      "token {} at the hub and run the command again",
                      ForLog(StringMember(answer->body, "token_id"))));
    }
    if (status == "expired") {
      co_return Timeout("the hub does not know this code any more: run the command again");
    }
  }
  co_return Timeout(trouble.empty() ? "nobody approved it in time"
                                    : "the time is over: " + ForLog(trouble));
}

Result<EnrolmentGrant> Enrolment::ReadGrant(const boost::json::object& answer) {
  EnrolmentGrant grant;
  const std::string_view token = StringMember(answer, "token");
  if (!IsWord(token, 512)) return Invalid("the hub's token is none");
  grant.token = Secret(token);
  grant.token_id = StringMember(answer, "token_id");
  grant.approved_by = StringMember(answer, "approved_by");
  grant.expires_at = StringMember(answer, "expires_at");
  if (const auto* ids = ArrayMember(answer, "instance_ids")) {
    for (const auto& id : *ids) {
      if (id.is_string()) grant.instance_ids.emplace_back(id.get_string());
    }
  }
  if (const auto* keys = ArrayMember(answer, "keys")) {
    for (const auto& entry : *keys) {
      if (!entry.is_object() || grant.keys.size() == kMaxKeys) continue;
      auto key = Ed25519PublicKey::FromText(StringMember(entry.get_object(), "public_key"));
      if (!key) return Wrap(std::move(key).error(), "the hub's key");
      grant.keys.push_back(std::move(*key));
    }
  }
  return grant;
}

}  // namespace berth::agent
