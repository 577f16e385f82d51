#include "agent/adapters/claudecodeui_sessions.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "control/questions.h"

namespace berth::agent {
namespace {

namespace json = boost::json;
using claudecodeui::IsFailure;
using claudecodeui::IsTrue;
using claudecodeui::kMaxSessions;
using claudecodeui::kMaxText;
using claudecodeui::Origin;
using claudecodeui::ReasonOf;
using claudecodeui::RunningSession;
using claudecodeui::TextOf;
using claudecodeui::TimeOf;
using std::chrono::seconds;

// Two messages about one end of a run, over two sockets or from two places in the instance, lie
// less than this apart.
constexpr seconds kSameEnd{2};
// A run that was stopped may report the signal that ended it this long after.
constexpr seconds kAfterAbort{10};
constexpr std::string_view kLost = "the instance went away in the middle of the run";

}  // namespace

void ChatSessions::OnMessage(std::string_view text, Origin origin) {
  const auto parsed = ParseJsonObject(text);
  if (!parsed) return;
  const json::object& message = *parsed;
  const std::string kind = TextOf(message, "kind");
  if (!kind.empty()) {
    OnKind(kind, message, origin);
  } else {
    OnLegacyType(TextOf(message, "type"), message, origin);
  }
}

void ChatSessions::OnKind(std::string_view kind, const json::object& message, Origin origin) {
  const std::string id = TextOf(message, "sessionId");
  if (kind == "permission_request") {
    Ask(id, message, TimeOf(message, "timestamp").value_or(clock_()));
  } else if (kind == "permission_resolved") {
    questions_.Resolve(TextOf(message, "requestId"), origin);
  } else if (kind == "permission_cancelled") {
    questions_.Close(TextOf(message, "requestId"), QuestionEnd::kOver);
  } else if (kind == "tool_result") {
    if (!says_resolved_) questions_.ResolveAllOf(id, origin, {});
  } else if (kind == "error") {
    Session* const session = FindOrAdd(id);
    if (!session) return;
    session->complaint = TextOf(message, "content");
    session->told = ++moment_;
  } else if (kind == "complete") {
    OnComplete(message);
  } else if (kind == "chat_subscribed") {
    OnSubscribed(message, origin);
  } else if (kind == "session_upserted") {
    const json::object* const about = ObjectMember(message, "session");
    const json::object* const project = ObjectMember(message, "project");
    Describe(id, about ? TextOf(*about, "summary") : "",
             project ? StringMember(*project, "displayName") : "");
    if (on_upserted_ && origin == Origin::kObserver) on_upserted_(id);
  }
}

void ChatSessions::OnLegacyType(std::string_view type, const json::object& message, Origin origin) {
  if (type == "session-status") {
    if (origin == Origin::kBrowser) Seen(TextOf(message, "sessionId"));
  } else if (type == "active-sessions") {
    OnActiveSessions(message);
  } else if (type == "pending-permissions-response") {
    const json::array* const pending = ArrayMember(message, "data");
    if (pending) SetPending(TextOf(message, "sessionId"), *pending, origin);
  }
}

void ChatSessions::OnActiveSessions(const json::object& message) {
  const json::object* const providers = ObjectMember(message, "sessions");
  if (!providers) return;
  const std::vector<RunningSession> running = claudecodeui::ParseActiveSessions(*providers);
  // The answer to the question that was put last; what came over this socket since is older.
  SetRunning(running, moment_);
  if (on_listed_) on_listed_();
}

void ChatSessions::OnComplete(const json::object& message) {
  const std::string id = TextOf(message, "sessionId");
  Session* const session = FindOrAdd(id);
  if (!session) return;
  const WallTime now = clock_();
  const bool is_aborted = IsTrue(message, "aborted");
  const seconds ends_echo_for = session->was_aborted ? kAfterAbort : kSameEnd;
  const bool is_echo =
      !session->is_running && session->completed_at && now - *session->completed_at < ends_echo_for;
  session->told = ++moment_;
  if (is_echo) return;
  session->completed_at = now;
  session->was_aborted = is_aborted;
  std::optional<Failure> failure;
  if (!is_aborted && IsFailure(message)) {
    failure = Failure{.text = session->complaint.empty() ? "the run failed" : session->complaint,
                      .at = now};
  }
  session->complaint.clear();
  if (!is_aborted && !failure && AsksBeyondItsRun(id)) return;
  End(id, *session, std::move(failure));
}

void ChatSessions::OnSubscribed(const json::object& message, Origin origin) {
  const std::string id = TextOf(message, "sessionId");
  if (id.empty()) return;
  const json::array* const pending = ArrayMember(message, "pendingPermissions");
  const bool asks_still = says_resolved_ && pending && !pending->empty();
  if (IsTrue(message, "isProcessing") || asks_still) {
    Session* const session = FindOrAdd(id);
    if (!session) return;
    session->told = ++moment_;
    session->is_doubted = false;
    if (!session->is_running) Begin(*session, std::nullopt);
  } else if (const auto found = sessions_.find(id);
             found != sessions_.end() && found->second.is_running) {
    found->second.told = ++moment_;
    EndUnheard(id, found->second);
  }
  if (pending) SetPending(id, *pending, origin);
  if (origin == Origin::kBrowser) Seen(id);
}

void ChatSessions::SetPending(std::string_view session, const json::array& pending, Origin origin) {
  std::vector<std::string> listed;
  for (const json::value& entry : pending) {
    const json::object* const question = entry.if_object();
    if (!question) continue;
    listed.push_back(TextOf(*question, "requestId"));
    Ask(session, *question, TimeOf(*question, "receivedAt").value_or(clock_()));
    if (origin == Origin::kObserver) questions_.Confirm(listed.back());
  }
  questions_.ResolveAllOf(session, origin, listed);
}

void ChatSessions::SetRunning(const std::vector<RunningSession>& running, Moment asked) {
  for (const RunningSession& entry : running) {
    Session* const session = FindOrAdd(entry.id);
    if (!session || session->told > asked) continue;
    const bool is_new = !session->is_running || (session->started_at && entry.started_at &&
                                                 session->started_at != entry.started_at);
    session->is_doubted = false;
    if (!entry.provider.empty()) session->provider = entry.provider;
    if (!session->started_at) session->started_at = entry.started_at;
    if (is_new) {
      if (session->is_running) questions_.CloseAllOf(entry.id);
      Begin(*session, entry.started_at);
    }
  }
  for (auto place = sessions_.begin(); place != sessions_.end();) {
    const std::string& id = place->first;
    Session& session = place->second;
    const bool is_listed = std::ranges::find(running, id, &RunningSession::id) != running.end();
    if (is_listed || session.told > asked) {
      ++place;
    } else if (AsksBeyondItsRun(id)) {
      // To be followed anew each time: the instance tells the end of the question only to those
      // who were there when it was put.
      session.run = ++runs_;
      ++place;
    } else {
      if (session.is_running) EndUnheard(id, session);
      place = session.failure ? std::next(place) : sessions_.erase(place);
    }
  }
  CloseOrphans();
}

// A question without a session (up to 1.34) is of one that runs.
void ChatSessions::CloseOrphans() {
  const bool is_any_running =
      std::ranges::any_of(sessions_, [](const auto& entry) { return entry.second.is_running; });
  questions_.CloseOrphans([this, is_any_running](std::string_view session) {
    return session.empty() ? is_any_running : sessions_.contains(session);
  });
}

ChatSessions::Session* ChatSessions::FindOrAdd(std::string_view id) {
  if (id.empty()) return nullptr;
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) return &found->second;
  if (sessions_.size() >= kMaxSessions) {
    // The oldest failure makes room.
    const auto oldest = std::ranges::min_element(sessions_, {}, [](const auto& entry) {
      return entry.second.is_running || !entry.second.failure ? WallTime::max()
                                                              : entry.second.failure->at;
    });
    if (oldest->second.is_running || !oldest->second.failure) return nullptr;
    sessions_.erase(oldest);
  }
  return &sessions_[std::string(id)];
}

void ChatSessions::Begin(Session& session, std::optional<WallTime> started_at) {
  session.is_running = true;
  session.run = ++runs_;
  session.started_at = started_at;
  session.busy_since = started_at ? std::min(*started_at, clock_()) : clock_();
  session.failure.reset();
  session.complaint.clear();
  Changed();
}

void ChatSessions::End(std::string_view id, Session& session, std::optional<Failure> failure) {
  session.is_running = session.is_doubted = false;
  session.started_at.reset();
  session.failure = std::move(failure);
  questions_.CloseAllOf(id);
  Changed();
}

void ChatSessions::EndUnheard(std::string_view id, Session& session) {
  // An error that it complained of will have ended it.
  std::string why = session.is_doubted ? std::string(kLost) : session.complaint;
  End(id, session, why.empty() ? std::nullopt : std::optional(Failure{std::move(why), clock_()}));
}

void ChatSessions::Ask(std::string_view session, const json::object& question, WallTime asked_at) {
  if (!questions_.Add(session, question, asked_at)) return;
  if (Session* const asking = FindOrAdd(session)) {
    asking->told = ++moment_;
    if (!asking->is_running) Begin(*asking, std::nullopt);
  }
  Changed();
}

void ChatSessions::OnClosed(std::string_view session) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end() && !questions_.OldestOf(session)) {
    found->second.busy_since = clock_();
  }
  Changed();
}

bool ChatSessions::AsksBeyondItsRun(std::string_view session) const {
  return says_resolved_ && questions_.HasOf(session);
}

void ChatSessions::Describe(std::string_view id, std::string_view title, std::string_view project) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  title = CutUtf8(title, kMaxText);
  project = CutUtf8(project, kMaxText);
  if (title.empty()) title = found->second.title;
  if (project.empty()) project = found->second.project;
  if (title == found->second.title && project == found->second.project) return;
  found->second.title = title;
  found->second.project = project;
  Changed();
}

void ChatSessions::Seen(std::string_view id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || !found->second.failure) return;
  found->second.failure.reset();
  Changed();
}

void ChatSessions::Doubt() {
  for (auto& [id, session] : sessions_) session.is_doubted = session.is_running;
}

void ChatSessions::LoseDoubted() {
  for (auto& [id, session] : sessions_) {
    if (session.is_running && session.is_doubted) EndUnheard(id, session);
  }
  CloseOrphans();
}

void ChatSessions::Lose() {
  Doubt();
  LoseDoubted();
}

std::vector<std::string> ChatSessions::Untitled() const {
  std::vector<std::string> ids;
  for (const auto& [id, session] : sessions_) {
    if (session.title.empty() && (session.is_running || session.failure)) ids.push_back(id);
  }
  return ids;
}

std::map<std::string, std::uint64_t, std::less<>> ChatSessions::Running() const {
  std::map<std::string, std::uint64_t, std::less<>> running;
  for (const auto& [id, session] : sessions_) {
    if (session.is_running) running.emplace(id, session.run);
  }
  return running;
}

std::vector<control::SessionInfo> ChatSessions::List() const {
  std::vector<control::SessionInfo> list;
  for (const auto& [id, session] : sessions_) {
    if (!session.is_running && !session.failure) continue;
    control::SessionInfo info{.id = id,
                              .title = session.title,
                              .project = session.project,
                              .provider = session.provider,
                              .is_busy = session.is_running,
                              .since = session.busy_since};
    if (session.is_running) {
      if (const OpenQuestion* const oldest = questions_.OldestOf(id)) {
        info.needs_you = true;
        info.state = control::SessionState::kNeedsYou;
        info.since = oldest->shown.asked_at;
        info.reason = ReasonOf(oldest->shown);
        info.question = oldest->shown;
      }
    } else {
      info.state = control::SessionState::kError;
      info.since = session.failure->at;
      info.error = session.failure->text;
    }
    list.push_back(std::move(info));
  }
  control::CutTexts(list);
  return list;
}

}  // namespace berth::agent
