#include "hub/browser.h"

#include <boost/json/parse.hpp>

#include "base/event.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

constexpr std::size_t kSmallBody = 64 * 1024;

identity::SessionPtr IfAdmitted(const HubContext& hub, identity::SessionPtr session) {
  return session && PersonOf(hub, session->user_id) ? session : nullptr;
}

}  // namespace

identity::PersonPtr PersonOf(const HubContext& hub, std::int64_t user_id) {
  auto person = hub.identity.people().Find(user_id);
  return person && !person->is_removed ? person : nullptr;
}

std::optional<std::string_view> BearerOf(const http::RequestHead& head) {
  const auto value = head.fields.Find("authorization");
  constexpr std::string_view kBearer = "bearer ";
  if (!value || value->size() < kBearer.size() ||
      !http::EqualsIgnoreCase(value->substr(0, kBearer.size()), kBearer)) {
    return std::nullopt;
  }
  return http::TrimOws(value->substr(kBearer.size()));
}

identity::SessionPtr SessionOf(HubContext& hub, const http::RequestHead& head) {
  const auto cookie =
      identity::PresentedCookie(head.fields, identity::CookieKind::kHub, hub.scheme);
  if (!cookie) return nullptr;
  return IfAdmitted(hub, hub.identity.sessions().Authenticate(*cookie));
}

identity::SessionPtr InstanceSessionOf(HubContext& hub, const http::RequestHead& head,
                                       std::string_view instance_id) {
  const auto cookie =
      identity::PresentedCookie(head.fields, identity::CookieKind::kInstance, hub.scheme);
  if (!cookie) return nullptr;
  return IfAdmitted(hub, hub.identity.sessions().AuthenticateChild(*cookie, instance_id));
}

Task<Result<boost::json::object>> ReadJsonObject(HubContext& hub, http::Request& request) {
  auto text = co_await WithDeadline(hub.executor, hub.limits.head_timeout, "request body",
                                    http::ReadAll(request.body.get(), kSmallBody));
  if (!text) co_return std::move(text).error();
  boost::system::error_code failure;
  boost::json::parse_options strict;
  strict.max_depth = 4;
  auto value = boost::json::parse(*text, failure, {}, strict);
  if (failure || !value.is_object()) co_return Invalid("body is not a JSON object");
  co_return std::move(value.get_object());
}

Task<Result<std::string>> ReadStringMember(HubContext& hub, http::Request& request,
                                           std::string_view name) {
  auto object = co_await ReadJsonObject(hub, request);
  if (!object) co_return std::move(object).error();
  const auto* member = object->if_contains(name);
  if (member == nullptr || !member->is_string()) {
    co_return Invalid(fmt::format("member \"{}\" is missing or not a string", name));
  }
  co_return std::string(member->get_string());
}

http::Response JsonResponse(int status, std::string json) {
  auto response = http::TextResponse(status, "application/json", std::move(json));
  response.head.fields.Add("cache-control", "no-store");
  return response;
}

http::Response NoContent() {
  http::Response response;
  response.head.status = 204;
  response.head.fields.Add("cache-control", "no-store");
  return response;
}

http::Response Redirect(int status, std::string_view location) {
  http::Response response;
  response.head.status = status;
  response.head.fields.Add("location", location);
  response.head.fields.Add("cache-control", "no-store");
  response.head.fields.Add("vary", "*");
  return response;
}

}  // namespace berth::hub
