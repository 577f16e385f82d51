#include "terminal/show.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/query.h"
#include "terminal/names.h"
#include "terminal/table.h"
#include "terminal/text.h"
#include "terminal/words.h"

namespace berth::terminal {
namespace {

using control::State;

std::string OrDash(std::string text) { return text.empty() ? "-" : text; }

std::string VersionOf(const control::ClientMetadata& metadata) {
  if (metadata.version.empty()) return "";
  return Plain(metadata.adapter.empty() || metadata.adapter == "generic"
                   ? metadata.version
                   : fmt::format("{} {}", metadata.adapter, metadata.version));
}

std::string SeenOf(const control::Client& client, WallTime now) {
  if (client.metadata.state != State::kOffline) return "now";
  const std::string age = AgeOf(client.last_seen, now);
  return age.empty() ? "-" : age + " ago";
}

/// What an instance does, and for how long; "" where that is not known.
struct Doing {
  std::string_view word;
  Ink ink;
  std::string age;
};

Doing DoingOf(const control::ClientMetadata& metadata, WallTime now) {
  const State state = metadata.state;
  if (IsSilent(metadata)) return {.word = "no answer", .ink = Ink::kBad, .age = ""};
  return {.word = WordFor(state), .ink = InkFor(state), .age = AgeOf(metadata.state_since, now)};
}

/// Lines in the making.
class Lines {
 public:
  explicit Lines(const Screen& screen) : screen_(screen) {}

  void Field(std::string_view name, const std::string& value) {
    if (value.empty()) return;
    list_.push_back(screen_.Paint(Ink::kDim, fmt::format("{:<11}", name)) + value);
  }
  void Line(std::string text) { list_.push_back(std::move(text)); }
  std::vector<std::string> Take() { return std::move(list_); }

 private:
  const Screen& screen_;
  std::vector<std::string> list_;
};

std::string LabelsOf(const control::ClientMetadata& metadata) {
  std::string labels;
  for (const auto& [key, value] : metadata.labels) {
    if (!labels.empty()) labels += ", ";
    labels += Plain(fmt::format("{}={}", key, value));
  }
  return labels;
}

/// The text of a question, line by line: it may be a whole script.
void ShowText(std::string_view text, std::string_view indent, Lines& lines) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.Line(fmt::format("{}{}", indent, Plain(text.substr(0, end))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void ShowSession(const control::SessionInfo& session, std::string_view instance, WallTime now,
                 const Screen& screen, Lines& lines) {
  const State state = session.state == control::SessionState::kNeedsYou ? State::kNeedsYou
                      : session.state == control::SessionState::kError  ? State::kError
                                                                        : State::kBusy;
  const std::string age = AgeOf(session.since, now);
  lines.Line(fmt::format(
      "  {}  {}",
      screen.Paint(InkFor(state), age.empty() ? std::string(WordFor(state))
                                              : fmt::format("{} {}", WordFor(state), age)),
      Plain(session.title.empty() ? session.id : session.title)));
  std::string place = Plain(session.provider);
  if (!session.project.empty()) {
    place += fmt::format("{}{}", place.empty() ? "" : " in ", Plain(session.project));
  }
  if (!place.empty()) lines.Line("    " + screen.Paint(Ink::kDim, place));
  if (session.state == control::SessionState::kError && !session.error.empty()) {
    ShowText(session.error, "    ", lines);
  }
  if (session.question) {
    const bool is_tool = session.question->kind == control::Question::Kind::kPermission;
    lines.Line(fmt::format("    {} {}", is_tool ? "asks to use" : "asks by",
                           Plain(session.question->tool)));
    ShowText(session.question->text, "      ", lines);
  } else if (session.state == control::SessionState::kNeedsYou && !session.reason.empty()) {
    lines.Line("    " + Plain(session.reason));
  }
  lines.Line("    " + screen.Paint(Ink::kDim, fmt::format("berth open {} --session {}",
                                                          ShellWord(Plain(instance)),
                                                          ShellWord(Plain(session.id)))));
}

}  // namespace

std::vector<std::string> ShowList(const std::vector<control::Client>& clients, WallTime now,
                                  const Screen& screen, ListKind kind) {
  std::vector<Column> columns{
      {.heading = "NAME", .least = 12},
      {.heading = "STATE"},
      {.heading = "FOR", .expendable = 1},
      {.heading = "MACHINE", .least = 8, .expendable = 4},
      {.heading = "PROJECT", .least = 12, .cut = Cut::kStart, .expendable = 3},
      {.heading = "SESSIONS", .expendable = 2},
  };
  if (kind == ListKind::kPlace) {
    columns.push_back({.heading = "VERSION", .least = 8, .expendable = 6});
    columns.push_back({.heading = "LAST SEEN", .expendable = 5});
  } else {
    columns.push_back({.heading = "ASKS", .least = 12, .expendable = 2});
  }
  std::vector<Row> rows;
  for (const control::Client& client : clients) {
    const control::ClientMetadata& metadata = client.metadata;
    const bool is_away = metadata.state == State::kOffline;
    const Ink rest = is_away ? Ink::kDim : Ink::kPlain;
    const Doing doing = DoingOf(metadata, now);
    Row row{
        {.text = NameOf(client), .ink = is_away ? Ink::kDim : Ink::kBold},
        {.text = std::string(doing.word), .ink = doing.ink},
        {.text = OrDash(doing.age), .ink = rest},
        {.text = OrDash(Plain(metadata.hostname)), .ink = rest},
        {.text = OrDash(Plain(metadata.project)), .ink = rest},
        {.text = SessionsOf(client), .ink = rest},
    };
    if (kind == ListKind::kPlace) {
      row.push_back({.text = OrDash(VersionOf(metadata)), .ink = rest});
      row.push_back({.text = SeenOf(client, now), .ink = rest});
    } else {
      row.push_back({.text = WhatItAsks(client), .ink = Ink::kAlert});
    }
    rows.push_back(std::move(row));
  }
  return LayOut(std::move(columns), std::move(rows), screen);
}

std::vector<std::string> ShowInstance(const control::Client& client, WallTime now,
                                      const Screen& screen, std::string_view hub_url) {
  const control::ClientMetadata& metadata = client.metadata;
  const bool is_away = metadata.state == State::kOffline;
  const auto [word, ink, age] = DoingOf(metadata, now);
  Lines lines(screen);
  lines.Line(fmt::format("{}  {}{}", screen.Paint(Ink::kBold, NameOf(client)),
                         screen.Paint(ink, word), age.empty() ? "" : " for " + age));
  std::string machine = Plain(metadata.hostname);
  if (!metadata.platform.empty()) machine += fmt::format(" ({})", Plain(metadata.platform));
  lines.Field("machine", machine);
  lines.Field("project", Plain(metadata.project));
  lines.Field("labels", LabelsOf(metadata));
  lines.Field("version", VersionOf(metadata));
  lines.Field("web UI", metadata.no_answer ? "does not answer" : "");
  lines.Field("agent", Plain(metadata.agent_version));
  lines.Field("owner", Plain(client.owner));
  lines.Field("you are", Plain(client.role));
  if (!is_away) {
    lines.Field("connected", "for " + FormatAge(now - client.connected_at));
    if (client.latency_ms > 0) lines.Field("latency", fmt::format("{} ms", client.latency_ms));
    const control::Traffic& traffic = metadata.traffic;
    lines.Field("traffic", fmt::format("{} to it, {} from it", FormatBytes(traffic.in),
                                       FormatBytes(traffic.out)));
  }
  lines.Field("last seen", SeenOf(client, now));
  lines.Field("opens at", OpenUrl(hub_url, client.id, ""));
  if (!metadata.sessions.empty()) {
    lines.Line("");
    lines.Line(screen.Paint(Ink::kDim, "sessions"));
  }
  for (const auto& session : metadata.sessions) {
    ShowSession(session, client.id, now, screen, lines);
  }
  return lines.Take();
}

std::string ShowChange(const Change& change, WallTime now, const Screen& screen) {
  std::string time = FormatIso8601(now);
  time.erase(time.find('.'), 4);  // To the second.
  const std::string name = change.now ? NameOf(*change.now) : Plain(change.id);
  if (!change.now)
    return fmt::format("{}  {}  gone: it was removed, or you lost access", time, name);
  const State state = change.now->metadata.state;
  const auto [word, ink, age] = DoingOf(change.now->metadata, now);
  std::string line = fmt::format("{}  {}  {}", time, name, screen.Paint(ink, word));
  if (change.before && *change.before != state) {
    line += fmt::format(" (was {})", WordFor(*change.before));
  }
  const std::string asks = WhatItAsks(*change.now);
  if (!asks.empty()) line += ": " + Fit(asks, 200);
  return line;
}

std::string OpenUrl(std::string_view hub_url, std::string_view id, std::string_view session) {
  std::string url = fmt::format("{}/open?client={}", hub_url, http::EscapeQuery(id));
  if (!session.empty()) {
    // Escaped twice: as a segment of the path, which is itself a value of the query.
    std::string segment = http::EscapeQuery(session);
    for (std::size_t at = 0; (at = segment.find('/', at)) != std::string::npos;) {
      segment.replace(at, 1, "%2F");
    }
    url += "&next=" + http::EscapeQuery("/session/" + segment);
  }
  return url;
}

}  // namespace berth::terminal
