// What every agent goes through, whatever it speaks: its id is claimed for its token's user, and
// its link becomes the instance's.
#pragma once

#include <string>
#include <string_view>

#include "control/message.h"
#include "hub/context.h"
#include "hub/registry.h"
#include "identity/agent_tokens.h"

namespace berth::hub {

/// Registers `link` as the instance that `registration` names, which must be a valid id: the answer
/// for the agent. With `success` the registry holds `link`, and an older link of the id is fenced.
/// An error is none of the agent's: the hub cannot say now, and the agent should try again soon, or
/// the link ended meanwhile.
/// `address` is for the log. `link` must outlive the call.
Task<Result<control::Registered>> RegisterInstance(HubContext& hub, identity::AgentTokenPtr token,
                                                   std::string address,
                                                   control::Register registration,
                                                   InstanceLink& link);

/// What an agent is told whose token's user the policy no longer admits.
inline constexpr std::string_view kNoLongerAdmitted =
    "the token's user is no longer admitted to this hub";

/// The answer that does not let an agent in.
control::Registered RefusedRegistration(std::string why);

/// Writes that the instance was there until now, and what it was in the end.
Task<void> NoteInstanceLeft(HubContext& hub, std::string id);

}  // namespace berth::hub
