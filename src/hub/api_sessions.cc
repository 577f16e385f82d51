// /api/sessions: where the caller is signed in, and ending it there.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/log.h"
#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "identity/identity.h"

namespace berth::hub {

Task<Result<http::Response>> ListSessions(HubContext& hub, ApiCall call) {
  boost::json::array sessions;
  for (const auto& [session, last_used_at] : hub.identity.sessions().List(call.user_id())) {
    boost::json::object entry;
    entry["id"] = session->id;
    entry["address"] = session->address;
    entry["user_agent"] = ForLog(session->user_agent, 256);  // Any bytes, as sent.
    entry["created_at"] = FormatIso8601(session->created_at);
    entry["last_used_at"] = FormatIso8601(last_used_at);
    entry["expires_at"] = FormatIso8601(session->expires_at);
    entry["current"] = session == call.session;
    sessions.push_back(std::move(entry));
  }
  boost::json::object body;
  body["sessions"] = std::move(sessions);
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<Result<http::Response>> EndSession(HubContext& hub, ApiCall call) {
  const auto session = hub.identity.sessions().Find(call.id);
  if (!session || session->user_id != call.user_id() || !session->parent_id.empty()) {
    co_return NotFound("no such session");
  }
  auto ended = co_await hub.identity.sessions().Revoke(call.id);
  if (!ended) co_return Wrap(std::move(ended).error(), "end session");
  co_await RecordCall(hub, call, identity::audit_action::kSessionRevoke,
                      {.detail = fmt::format("{} from {}", session->id, session->address)});
  auto response = NoContent();
  if (session == call.session) {
    response.head.fields.Add("set-cookie",
                             identity::ClearCookie(identity::CookieKind::kHub, hub.scheme));
  }
  co_return response;
}

Task<Result<http::Response>> EndOtherSessions(HubContext& hub, ApiCall call) {
  const std::string kept = call.session ? call.session->id : "";
  auto ended = co_await hub.identity.sessions().RevokeAllOf(call.user_id(), kept);
  if (!ended) co_return Wrap(std::move(ended).error(), "end sessions");
  co_await RecordCall(hub, call, identity::audit_action::kSessionRevoke,
                      {.detail = call.session ? "all others" : "all"});
  co_return NoContent();
}

}  // namespace berth::hub
