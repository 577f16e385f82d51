// Admission: whether a request of a signed-in browser may reach an instance, and how what was let
// through ends with what allowed it.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/event.h"
#include "http/message.h"
#include "hub/context.h"
#include "hub/problem.h"
#include "hub/registry.h"
#include "identity/people.h"
#include "identity/sessions.h"

namespace berth::hub {

/// Where an instance appears.
struct Placement {
  std::string instance_id;
  std::string prefix;  ///< "/clients/ID/proxy" in path mode, "" in subdomain mode.
  /// The origin of the instance's page. Of no use to safe requests, and may be "" for them.
  std::string expected_origin;
};

/// Who is let through to which instance, and what their exchange ends with beside the session.
struct Admitted {
  identity::PersonPtr person;
  VisibleInstance visible;
  /// Path mode ends for an instance with its first share. Null in subdomain mode.
  std::shared_ptr<Event> gate;
  /// Keeps the session for the bodies, and for those of a guest the place that they take.
  std::shared_ptr<const void> guard;
};

/// Lets a request of this session through to the instance, or gives the answer that says why not.
/// Whom it is refused to is in the audit log, and in path mode who opens it.
std::expected<Admitted, http::Response> Admit(HubContext& hub, const http::Request& request,
                                              const identity::SessionPtr& session,
                                              const Placement& placement);

/// The request's body ends with what allowed it.
void EndWithAccess(http::Request& request, const identity::Session& session,
                   const Admitted& admitted);
/// So does the response's, and one without an end also when the hub stops.
void EndWithAccess(const HubContext& hub, http::Response& response,
                   const identity::Session& session, const Admitted& admitted);

/// The answer to kProbePath: 204 where Admit() lets the request through, else what that says. The
/// page asks by itself, so its session is to be looked up as Use::kIsNone.
http::Response AnswerProbe(HubContext& hub, const http::Request& request,
                           const identity::SessionPtr& session, const Placement& placement);

/// An answer of the hub itself in the place of the instance's. Programs read in Retry-After when to
/// try again.
http::Response Refuse(const HubContext& hub, const Placement& placement, Reader reader,
                      const Problem& problem, Retry retry = Retry::kNo);

/// Why path mode is not for this instance, and where to go.
Problem OwnAddressProblem(const HubContext& hub, std::string_view instance_id,
                          std::string_view target);

}  // namespace berth::hub
