// CarryOut: a change that has begun is made to its end, also when whoever asked for it hangs up.
//
// A request's task is dropped with its connection, at whatever it waits for then. A call that only
// reads may end like that. One that changes something may not: it would be in the database and not
// in the registry, or made and not in the audit log.
#pragma once

#include "base/task_group.h"
#include "http/message.h"

namespace berth::hub {

/// Runs `work` in `group` and returns what it returns. Dropping the task that waits for it leaves
/// it running, so it must hold nothing of the connection. kInternal: it ended with an exception
/// (which is logged).
Task<Result<http::Response>> CarryOut(Executor& executor, TaskGroup& group,
                                      Task<Result<http::Response>> work);

}  // namespace berth::hub
