#include "hub/begin_session.h"

#include "base/log.h"
#include "hub/browser.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

/// Its cookie will be gone, and signing out must leave nothing signed in there.
Task<void> EndFormerSession(HubContext& hub, const http::RequestHead& head) {
  const auto former = SessionOf(hub, head);
  if (!former) co_return;
  auto ended = co_await hub.identity.sessions().Revoke(former->id);
  if (!ended) LogWarn("end a browser's former session: {}", ended.error().ToString());
}

}  // namespace

Task<Result<std::string>> BeginSession(HubContext& hub, const http::RequestHead& head,
                                       std::string address, std::int64_t user_id, std::string way) {
  identity::NewSession wanted;
  wanted.user_id = user_id;
  wanted.address = address;
  wanted.user_agent = head.fields.Find("user-agent").value_or("");
  auto created = co_await hub.identity.sessions().Create(std::move(wanted));
  if (!created) co_return std::move(created).error();
  const identity::PersonPtr person = PersonOf(hub, user_id);
  LogInfo("{} signed in from {} by {}",
          person ? ForLog(identity::LoginOf(*person)) : "somebody removed", ForLog(address),
          ForLog(way));
  co_await hub.identity.audit().Write({.action = identity::audit_action::kSignIn,
                                       .actor_id = user_id,
                                       .address = std::move(address),
                                       .detail = std::move(way)});
  co_await EndFormerSession(hub, head);
  co_return identity::SetCookie(identity::CookieKind::kHub, hub.scheme, created->cookie,
                                hub.clock(), created->session->expires_at);
}

}  // namespace berth::hub
