// Words for what an instance is doing: states, times, sessions, sizes.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "control/message.h"
#include "terminal/screen.h"

namespace berth::terminal {

/// "needs you", "failed", "busy", "active", "idle", "offline".
std::string_view WordFor(control::State state);
std::string_view WordFor(control::SessionState state);
Ink InkFor(control::State state);
/// Whether "no answer" is said in the place of the state: where that says only that nothing goes
/// on.
bool IsSilent(const control::ClientMetadata& metadata);

/// The state of that wire name ("needs_you") or word ("needs you", "needs-you").
std::optional<control::State> ParseState(std::string_view text);

/// "0s", "59s", "3m", "2h 05m", "4d 3h". Less than nothing is "0s".
std::string FormatAge(std::chrono::milliseconds age);
/// Since `then`; "" for the epoch, which stands for unknown.
std::string AgeOf(WallTime then, WallTime now);

/// "812 B", "1.2 KiB", "30 MiB".
std::string FormatBytes(std::int64_t bytes);

/// "1 waits, 2 busy, 1 failed"; "-" without any.
std::string SessionsOf(const control::Client& client);

/// "3 instances: 1 needs you, 1 no answer, 1 idle".
std::string Summary(const std::vector<control::Client>& clients);

/// What an instance waits for, of the session that waits longest: "Bash: npm test"; "" if nothing
/// is known. One line, Plain.
std::string WhatItAsks(const control::Client& client);
/// The same of one session.
std::string WhatItAsks(const control::SessionInfo& session);

/// Those that wait for a person first, the longest first; then by state and id.
void SortForPeople(std::vector<control::Client>& clients);

}  // namespace berth::terminal
