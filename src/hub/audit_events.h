// What the handlers of the API write into the audit log, with who called and from where filled in.
#pragma once

#include <string>
#include <string_view>

#include "hub/api.h"
#include "hub/context.h"
#include "identity/audit.h"

namespace berth::hub {

/// What an event says besides who did what.
struct EventDetails {
  std::string_view result = identity::audit_result::kOk;
  std::string instance_id = {};
  std::string detail = {};  ///< A few words; never a secret.
};

/// Records `action` (identity::audit_action) as done by the caller; returns as Audit::Write does,
/// so that what is answered is in the log. REQUIRES: there is a user.
Task<void> RecordCall(HubContext& hub, const ApiCall& call, std::string_view action,
                      EventDetails details = {});

/// That id if an instance has it, else "": what a denial names must not be made up.
std::string KnownInstance(const HubContext& hub, std::string_view id);

/// Records, sparsely, that the caller was denied something, to do with that instance if there is
/// one. REQUIRES: there is a user.
void RecordDenied(HubContext& hub, const ApiCall& call, std::string detail,
                  std::string_view instance_id = {});

/// Says in the hub's log that a sign-in from that address was refused. Of those that anybody can
/// cause, wrong codes and states, the first in ten seconds; each that failed for the hub's own
/// trouble or its provider's.
void NoteRefusedSignIn(HubContext& hub, std::string_view address, const Error& why);

}  // namespace berth::hub
