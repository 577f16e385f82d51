#include "hub/admission.h"

#include "base/log.h"
#include "http/bound_body.h"
#include "http/query.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/cross_site.h"
#include "hub/guest_streams.h"
#include "hub/path_gates.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

/// Why a body ends with what allowed it.
constexpr auto kNoLonger = ErrorKind::kUnauthorized;

Result<void> CheckRequest(const http::RequestHead& head, std::string_view expected_origin) {
  auto same_origin = CheckSameOrigin(head, expected_origin, Proof::kCookie);
  if (!same_origin) return same_origin;
  auto not_embedded = CheckNotEmbedded(head);
  if (!not_embedded) return not_embedded;
  return Ok();
}

/// Why somebody who may see the instance may not do this; nothing if they may. Path mode puts an
/// instance's pages on the hub's own origin, so it is for what is one's own and nobody else's.
std::optional<Problem> CheckRole(const HubContext& hub, const http::RequestHead& head,
                                 const VisibleInstance& visible, const Placement& placement) {
  const bool is_owner = visible.role == identity::InstanceRole::kOwner;
  const bool is_path_mode = !placement.prefix.empty();
  if (is_path_mode && (!is_owner || hub.identity.shares().IsShared(placement.instance_id))) {
    return OwnAddressProblem(hub, placement.instance_id, head.target);
  }
  if (visible.role == identity::InstanceRole::kViewer && !head.is_upgrade() && !IsSafe(head)) {
    return Problem{403, "You may only look",
                   "This instance is shared with you as a viewer, so nothing can be sent to it."};
  }
  return std::nullopt;
}

/// Into the audit log, sparsely.
void NoteDenied(HubContext& hub, const identity::Session& session, std::string_view address,
                std::string_view instance_id, std::string_view reason) {
  hub.identity.audit().RecordSparsely({.action = identity::audit_action::kAccess,
                                       .result = identity::audit_result::kDenied,
                                       .actor_id = session.user_id,
                                       .instance_id = KnownInstance(hub, instance_id),
                                       .address = std::string(address),
                                       .detail = std::string(reason)});
}

/// In path mode nothing else says that an instance is opened: each page counts, sparsely.
void NoteOpened(HubContext& hub, const http::Request& request, const identity::Session& session,
                const Placement& placement) {
  if (placement.prefix.empty() || !IsNavigation(request.head)) return;
  hub.identity.audit().RecordSparsely({.action = identity::audit_action::kOpen,
                                       .actor_id = session.user_id,
                                       .instance_id = placement.instance_id,
                                       .address = request.peer.address,
                                       .detail = "path mode"});
}

Problem AwayProblem(std::string_view instance_id) {
  return {503, "The instance is not connected",
          fmt::format("The agent of \"{}\" is not connected to this hub. Check that the machine is "
                      "on and that berth agent is running there.",
                      instance_id)};
}

Problem TooManyProblem(std::uint64_t most) {
  return {
      503, "Too many at once",
      fmt::format("Those with whom this instance is shared may have {} requests open there at a "
                  "time, all of them together. Close what you do not need, or try again.",
                  most)};
}

}  // namespace

std::expected<Admitted, http::Response> Admit(HubContext& hub, const http::Request& request,
                                              const identity::SessionPtr& session,
                                              const Placement& placement) {
  const auto refused = [&](const Problem& problem, Retry retry = Retry::kNo) {
    return std::unexpected(Refuse(hub, placement, ReaderOf(request.head), problem, retry));
  };
  const auto denied = [&](const Problem& problem, std::string_view reason) {
    NoteDenied(hub, *session, request.peer.address, placement.instance_id, reason);
    return refused(problem);
  };
  auto allowed = CheckRequest(request.head, placement.expected_origin);
  if (!allowed) {
    LogDebug("instance {}: {}", placement.instance_id, allowed.error().ToString());
    return denied(ProblemOf(allowed.error()), "another origin");
  }
  auto person = PersonOf(hub, session->user_id);
  const auto visible = person ? hub.registry.Find(placement.instance_id, *person) : std::nullopt;
  if (!visible) {
    return denied({404, "No such instance",
                   "You have no instance of this name, and none of this name is shared with you."},
                  "not shared with them");
  }
  if (const auto problem = CheckRole(hub, request.head, *visible, placement)) {
    return denied(*problem, problem->title);
  }
  session->used_as = visible->role;
  NoteOpened(hub, request, *session, placement);
  Admitted admitted{
      .person = std::move(person), .visible = *visible, .gate = nullptr, .guard = session};
  if (!placement.prefix.empty()) admitted.gate = hub.path_gates->Enter(placement.instance_id);
  if (!visible->instance->is_live()) {
    return refused(AwayProblem(placement.instance_id), Retry::kEvery3Seconds);
  }
  if (visible->role != identity::InstanceRole::kOwner) {
    admitted.guard = hub.guests->Enter(placement.instance_id, std::move(admitted.guard));
    if (!admitted.guard) {
      return refused(TooManyProblem(hub.limits.tunnel_streams / 2), Retry::kEvery3Seconds);
    }
  }
  return admitted;
}

void EndWithAccess(http::Request& request, const identity::Session& session,
                   const Admitted& admitted) {
  if (!request.body) return;
  request.body = http::EndWith(std::move(request.body), session.ended, kNoLonger, admitted.guard,
                               &session.was_used);
  if (!admitted.gate) return;
  request.body = http::EndWith(std::move(request.body), *admitted.gate, kNoLonger, admitted.gate);
}

void EndWithAccess(const HubContext& hub, http::Response& response,
                   const identity::Session& session, const Admitted& admitted) {
  if (!response.body || response.body->length() == 0) return;
  const bool is_endless = !response.body->length() && response.is_endless();
  response.body = http::CutWith(std::move(response.body), session.ended, kNoLonger, admitted.guard);
  if (admitted.gate) {
    response.body =
        http::CutWith(std::move(response.body), *admitted.gate, kNoLonger, admitted.gate);
  }
  if (is_endless) {
    response.body = http::EndWith(std::move(response.body), hub.stopping, ErrorKind::kCancelled);
  }
}

http::Response AnswerProbe(HubContext& hub, const http::Request& request,
                           const identity::SessionPtr& session, const Placement& placement) {
  auto admitted = Admit(hub, request, session, placement);
  if (!admitted) return std::move(admitted).error();
  auto response = NoContent();
  response.head.fields.Add("vary", "*");
  return response;
}

http::Response Refuse(const HubContext& hub, const Placement& placement, Reader reader,
                      const Problem& problem, Retry retry) {
  const std::string probe =
      retry == Retry::kNo ? "" : fmt::format("{}{}", placement.prefix, kProbePath);
  auto response =
      ProblemFor(reader, problem, probe, hub.hosts.public_origin().ToString() + "/dashboard");
  if (retry == Retry::kEvery3Seconds) response.head.fields.Add("retry-after", "3");
  return response;
}

Problem OwnAddressProblem(const HubContext& hub, std::string_view instance_id,
                          std::string_view target) {
  Problem problem{403, "This instance has an address of its own",
                  "Instances that are shared open only there, where their pages cannot reach "
                  "the hub or other instances."};
  if (hub.hosts.has_subdomains()) {
    problem.link = fmt::format("{}/open?client={}&next={}", hub.hosts.public_origin().ToString(),
                               instance_id, http::EscapeQuery(target));
    problem.link_text = "Open it there";
  } else {
    problem.detail += " This hub has no domain for them (--apps-domain).";
  }
  return problem;
}

}  // namespace berth::hub
