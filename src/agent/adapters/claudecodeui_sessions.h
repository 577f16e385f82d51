// ChatSessions: what the agent knows of a claudecodeui's sessions: which run, what they ask their
// user (claudecodeui_questions.h), which have failed unseen.
//
// Two sources are put together. The instance's list of running sessions is complete, but comes from
// asking now and then; the messages on its chat sockets come at once, but only from those sockets
// that the agent sees: browsers' that pass through it, and its own (claudecodeui_observer.h).
// Messages that arrived after a question was put win over its answer. Everything kept is bounded.
// Lives on the loop.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/adapters/claudecodeui_message.h"
#include "agent/adapters/claudecodeui_questions.h"
#include "base/wall_clock.h"
#include "control/message.h"

namespace berth::agent {

class ChatSessions {
 public:
  /// A point in the order of events; see Now().
  using Moment = std::uint64_t;

  explicit ChatSessions(WallClock clock) : clock_(std::move(clock)) {}
  ChatSessions(const ChatSessions&) = delete;
  ChatSessions& operator=(const ChatSessions&) = delete;

  /// `on_change`: List() may have changed. `on_upserted`: the instance wrote about a session, as it
  /// does when a new one begins to run.
  void SetOnChange(std::function<void()> on_change) { on_change_ = std::move(on_change); }
  void SetOnUpserted(std::function<void(std::string_view id)> on_upserted) {
    on_upserted_ = std::move(on_upserted);
  }
  /// `on_listed`: an old instance has answered which sessions are active.
  void SetOnListed(std::function<void()> on_listed) { on_listed_ = std::move(on_listed); }
  /// Whether the instance says when a question is resolved (from 1.37.3), so that one can outlive
  /// the run that it is of. If not, the next result of a tool in that session is taken for it.
  void SetSaysResolved(bool says_resolved) { says_resolved_ = says_resolved; }

  /// Takes one message of the instance: JSON text, whole.
  void OnMessage(std::string_view text, claudecodeui::Origin origin);

  /// To be taken before the instance is asked, and given to what is done with its answer.
  Moment Now() const { return moment_; }
  /// The sessions that ran when the instance answered what it was asked at `asked`.
  void SetRunning(const std::vector<claudecodeui::RunningSession>& running, Moment asked);
  /// How a session is shown. Ignored unless it is one of List().
  void Describe(std::string_view id, std::string_view title, std::string_view project);
  /// A user has looked at the session: its failure is no news any more.
  void Seen(std::string_view id);
  /// The instance does not answer at this moment: what it does not list once it does has ended
  /// with it.
  void Doubt();
  /// What is in doubt has failed: nobody will list it.
  void LoseDoubted();
  /// The instance is gone, and what ran has failed.
  void Lose();

  /// Those that run, wait or have failed, for a StatusUpdate: within its bounds.
  std::vector<control::SessionInfo> List() const;
  /// The ids of those without a title.
  std::vector<std::string> Untitled() const;
  /// Those that run, with a number that no other run has.
  std::map<std::string, std::uint64_t, std::less<>> Running() const;

  /// Null: it is not open (any more). Valid until the next call of anything else.
  OpenQuestion* Find(std::string_view session, std::string_view question) {
    return questions_.Find(session, question);
  }
  std::size_t size() const { return sessions_.size() + questions_.size(); }

 private:
  struct Failure {
    std::string text;
    WallTime at{};
  };
  struct Session {
    std::string title;
    std::string project;
    std::string provider;
    bool is_running = false;
    std::uint64_t run = 0;
    std::optional<WallTime> started_at;  // As the instance says.
    WallTime busy_since{};
    std::string complaint;  // What it said of errors in this run.
    std::optional<Failure> failure;
    std::optional<WallTime> completed_at;
    bool was_aborted = false;
    bool is_doubted = false;  // See Doubt().
    Moment told = 0;          // When a message last said whether it runs.
  };
  using Map = std::map<std::string, Session, std::less<>>;

  void OnKind(std::string_view kind, const boost::json::object& message,
              claudecodeui::Origin origin);
  void OnLegacyType(std::string_view type, const boost::json::object& message,
                    claudecodeui::Origin origin);
  void OnComplete(const boost::json::object& message);
  void OnSubscribed(const boost::json::object& message, claudecodeui::Origin origin);
  void OnActiveSessions(const boost::json::object& message);
  void SetPending(std::string_view session, const boost::json::array& pending,
                  claudecodeui::Origin origin);

  Session* FindOrAdd(std::string_view id);
  void Begin(Session& session, std::optional<WallTime> started_at);
  void End(std::string_view id, Session& session, std::optional<Failure> failure);
  /// Its end was not told.
  void EndUnheard(std::string_view id, Session& session);
  void Ask(std::string_view session, const boost::json::object& question, WallTime asked_at);
  /// One of its questions is.
  void OnClosed(std::string_view session);
  void CloseOrphans();
  /// What its run left working in the background may ask once that is over.
  bool AsksBeyondItsRun(std::string_view session) const;
  void Changed() const {
    if (on_change_) on_change_();
  }

  WallClock clock_;
  std::function<void()> on_change_;
  std::function<void(std::string_view)> on_upserted_;
  std::function<void()> on_listed_;
  bool says_resolved_ = false;
  Moment moment_ = 1;
  std::uint64_t runs_ = 0;
  Map sessions_;
  ChatQuestions questions_{[this](std::string_view session) { OnClosed(session); }};
};

}  // namespace berth::agent
