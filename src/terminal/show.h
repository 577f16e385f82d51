// How instances are shown: as a table, one in detail, one change on a line. Lines have no line
// ends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "control/message.h"
#include "terminal/instance_book.h"
#include "terminal/screen.h"

namespace berth::terminal {

/// What the last columns say.
enum class ListKind {
  kPlace,      ///< `berth ls`: machine, project, version, when it was seen.
  kQuestions,  ///< `berth watch`: machine, project, what is asked.
};

std::vector<std::string> ShowList(const std::vector<control::Client>& clients, WallTime now,
                                  const Screen& screen, ListKind kind);

/// Everything about one, with its sessions and the whole of what they ask.
std::vector<std::string> ShowInstance(const control::Client& client, WallTime now,
                                      const Screen& screen, std::string_view hub_url);

/// "2026-01-02T03:04:05Z  laptop  needs you (was busy): Bash: npm test".
std::string ShowChange(const Change& change, WallTime now, const Screen& screen);

/// The page of the hub that opens an instance, at one of its sessions if it is not "".
std::string OpenUrl(std::string_view hub_url, std::string_view id, std::string_view session);

}  // namespace berth::terminal
