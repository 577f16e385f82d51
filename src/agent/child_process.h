// Starting a child process in a group of its own, with a guard that ends the group when we die.
//
// The pieces of Supervisor that talk to the kernel; they block only for the moment of the start.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace berth::agent {

/// A running child, the leader of its process group.
struct ChildProcess {
  pid_t pid = 0;
  pid_t guard = 0;
  int guard_pipe = -1;  ///< When this end closes, by our death or by us, the guard ends the group.
};

/// Starts `command` with no input and our own output. Call it from a thread that lives as long as
/// the child may: the kernel kills the child when that thread ends. kNotFound: no such program.
Result<ChildProcess> StartChild(const std::vector<std::string>& command);

/// What ended a child.
struct ChildExit {
  int status = 0;
  int signal = 0;
};

/// Waits until the child has ended, leaving it unreaped, so that its pid stays ours.
void AwaitChild(const ChildProcess& child);
/// Reaps the child; waits for it to end. Its pid stays its group's for as long as that has members.
ChildExit ReapChild(const ChildProcess& child);
/// Whether anything of the group of a reaped child is left.
bool IsGroupLeft(const ChildProcess& child);
/// Ends the guard, and leaves the group alone. Once, and last.
void DismissGuard(const ChildProcess& child);

}  // namespace berth::agent
