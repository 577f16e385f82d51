#include "terminal/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "terminal/text.h"

namespace berth::terminal {
namespace {

using control::State;

/// In the order of lists.
constexpr std::array kStates{State::kNeedsYou, State::kError, State::kBusy,
                             State::kActive,   State::kIdle,  State::kOffline};

/// Which states come first: the lower, the earlier.
int RankOf(State state) {
  return static_cast<int>(std::ranges::find(kStates, state) - kStates.begin());
}

std::size_t CountOf(const control::Client& client, control::SessionState state) {
  return static_cast<std::size_t>(
      std::ranges::count(client.metadata.sessions, state, &control::SessionInfo::state));
}

}  // namespace

std::string_view WordFor(State state) {
  switch (state) {
    case State::kNeedsYou:
      return "needs you";
    case State::kError:
      return "failed";
    case State::kBusy:
      return "busy";
    case State::kActive:
      return "active";
    case State::kIdle:
      return "idle";
    case State::kOffline:
      return "offline";
  }
  return "unknown";
}

std::string_view WordFor(control::SessionState state) {
  switch (state) {
    case control::SessionState::kNeedsYou:
      return "needs you";
    case control::SessionState::kError:
      return "failed";
    case control::SessionState::kBusy:
      return "busy";
  }
  return "unknown";
}

Ink InkFor(State state) {
  switch (state) {
    case State::kNeedsYou:
      return Ink::kAlert;
    case State::kError:
      return Ink::kBad;
    case State::kBusy:
      return Ink::kBusy;
    case State::kActive:
      return Ink::kGood;
    case State::kIdle:
      return Ink::kPlain;
    case State::kOffline:
      return Ink::kDim;
  }
  return Ink::kPlain;
}

bool IsSilent(const control::ClientMetadata& metadata) {
  const bool is_quiet = metadata.state == State::kIdle || metadata.state == State::kActive;
  return metadata.no_answer && is_quiet;
}

std::optional<State> ParseState(std::string_view text) {
  std::string name(text);
  std::ranges::replace(name, '-', '_');
  std::ranges::replace(name, ' ', '_');
  if (name == "failed") return State::kError;
  for (const State state : kStates) {
    if (control::ToString(state) == name) return state;
  }
  return std::nullopt;
}

std::string FormatAge(std::chrono::milliseconds age) {
  using namespace std::chrono;
  const auto total = std::max<std::int64_t>(0, duration_cast<seconds>(age).count());
  if (total < 60) return fmt::format("{}s", total);
  if (total < 3600) return fmt::format("{}m", total / 60);
  if (total < 86'400) return fmt::format("{}h {:02}m", total / 3600, total / 60 % 60);
  return fmt::format("{}d {}h", total / 86'400, total / 3600 % 24);
}

std::string AgeOf(WallTime then, WallTime now) {
  return then == WallTime() ? "" : FormatAge(now - then);
}

std::string FormatBytes(std::int64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(std::max<std::int64_t>(0, bytes));
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  if (unit == 0 || amount >= 10) return fmt::format("{:.0f} {}", amount, kUnits[unit]);
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string SessionsOf(const control::Client& client) {
  std::vector<std::string> parts;
  const auto add = [&](control::SessionState state, std::string_view word) {
    if (const auto count = CountOf(client, state))
      parts.push_back(fmt::format("{} {}", count, word));
  };
  add(control::SessionState::kNeedsYou,
      CountOf(client, control::SessionState::kNeedsYou) == 1 ? "waits" : "wait");
  add(control::SessionState::kBusy, "busy");
  add(control::SessionState::kError, "failed");
  return parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string Summary(const std::vector<control::Client>& clients) {
  if (clients.empty()) return "no instances";
  std::vector<std::string> parts;
  const auto add = [&](std::string_view word, std::string_view word_of_several, auto fits) {
    const auto count = std::ranges::count_if(clients, fits, &control::Client::metadata);
    if (count > 0)
      parts.push_back(fmt::format("{} {}", count, count == 1 ? word : word_of_several));
  };
  for (const State state : kStates) {
    const std::string_view word = WordFor(state);
    if (state == State::kBusy) add("no answer", "no answer", IsSilent);
    add(word, state == State::kNeedsYou ? "need you" : word,
        [state](const auto& metadata) { return metadata.state == state && !IsSilent(metadata); });
  }
  return fmt::format("{} instance{}: {}", clients.size(), clients.size() == 1 ? "" : "s",
                     fmt::join(parts, ", "));
}

std::string WhatItAsks(const control::SessionInfo& session) {
  if (session.state == control::SessionState::kError) return Plain(session.error);
  if (session.state != control::SessionState::kNeedsYou) return "";
  if (session.question && !session.question->tool.empty()) {
    const auto& question = *session.question;
    if (question.text.empty()) return Plain(question.tool);
    return Plain(fmt::format("{}: {}", question.tool, question.text));
  }
  return Plain(session.reason);
}

std::string WhatItAsks(const control::Client& client) {
  const control::SessionInfo* first = nullptr;
  for (const auto& session : client.metadata.sessions) {
    if (session.state != control::SessionState::kNeedsYou) continue;
    if (first == nullptr || session.since < first->since) first = &session;
  }
  return first == nullptr ? "" : WhatItAsks(*first);
}

void SortForPeople(std::vector<control::Client>& clients) {
  const auto key = [](const control::Client& client) {
    const bool waits = client.metadata.state == State::kNeedsYou;
    return std::tuple(RankOf(client.metadata.state),
                      waits ? client.metadata.state_since : WallTime(),
                      std::string_view(client.id));
  };
  std::ranges::sort(clients, {}, key);
}

}  // namespace berth::terminal
