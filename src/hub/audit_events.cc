#include "hub/audit_events.h"

#include <utility>

#include "base/log.h"
#include "hub/registry.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

identity::AuditEvent EventOf(const ApiCall& call, std::string_view action, EventDetails details) {
  identity::AuditEvent event;
  event.action = action;
  event.result = details.result;
  event.actor_id = call.user_id();
  event.actor = identity::LoginOf(*call.user);
  if (call.token) event.actor += fmt::format(" by API token {}", call.token->id);
  event.instance_id = std::move(details.instance_id);
  event.address = call.request.peer.address;
  event.detail = std::move(details.detail);
  return event;
}

}  // namespace

Task<void> RecordCall(HubContext& hub, const ApiCall& call, std::string_view action,
                      EventDetails details) {
  return hub.identity.audit().Write(EventOf(call, action, std::move(details)));
}

std::string KnownInstance(const HubContext& hub, std::string_view id) {
  const Instance* const instance = hub.registry.Get(id);
  return instance == nullptr ? std::string() : instance->id();
}

void RecordDenied(HubContext& hub, const ApiCall& call, std::string detail,
                  std::string_view instance_id) {
  EventDetails details{.result = identity::audit_result::kDenied,
                       .instance_id = KnownInstance(hub, instance_id),
                       .detail = std::move(detail)};
  hub.identity.audit().RecordSparsely(
      EventOf(call, identity::audit_action::kAccess, std::move(details)));
}

void NoteRefusedSignIn(HubContext& hub, std::string_view address, const Error& why) {
  using enum ErrorKind;
  const bool is_theirs = why.kind == kInvalid || why.kind == kUnauthorized ||
                         why.kind == kNotFound || why.kind == kCancelled;
  if (is_theirs && !hub.refused_sign_ins.IsWorthALine("refused", hub.executor.now())) return;
  LogWarn("sign-in from {} refused: {}", ForLog(address), why.ToString());
}

}  // namespace berth::hub
