#include "hub/browser.h"

#include <boost/json/value.hpp>

#include "http/problem.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

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

identity::SessionPtr SessionOf(HubContext& hub, const http::RequestHead& head, identity::Use use) {
  const auto cookie =
      identity::PresentedCookie(head.fields, identity::CookieKind::kHub, hub.scheme);
  if (!cookie) return nullptr;
  return IfAdmitted(hub, hub.identity.sessions().Authenticate(*cookie, use));
}

identity::SessionPtr InstanceSessionOf(HubContext& hub, const http::RequestHead& head,
                                       std::string_view instance_id, identity::Use use) {
  const auto cookie =
      identity::PresentedCookie(head.fields, identity::CookieKind::kInstance, hub.scheme);
  if (!cookie) return nullptr;
  return IfAdmitted(hub, hub.identity.sessions().AuthenticateChild(*cookie, instance_id, use));
}

http::Response JsonResponse(int status, std::string json) {
  auto response = http::TextResponse(status, "application/json", std::move(json));
  response.head.fields.Add("cache-control", "no-store");
  return response;
}

boost::json::value TimeOrNull(const std::optional<WallTime>& time) {
  return time ? boost::json::value(FormatIso8601(*time)) : nullptr;
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
  http::NeverKept(response.head.fields);
  return response;
}

}  // namespace berth::hub
