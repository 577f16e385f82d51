// A browser signs in at the hub: the same end for each way to do so.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "http/message.h"
#include "hub/context.h"

namespace berth::hub {

/// Gives the browser that sent `head` from `address` a session of that user, in the place of the
/// one it had, and writes into both logs that they came in by `way`, such as "link" or "github":
/// the value of a Set-Cookie field. Errors as Sessions::Create. `head` must outlive the task.
Task<Result<std::string>> BeginSession(HubContext& hub, const http::RequestHead& head,
                                       std::string address, std::int64_t user_id, std::string way);

}  // namespace berth::hub
