// ChatStatus: learns what the sessions of a claudecodeui do, and answers their questions.
//
// What each version can tell, and how it is asked without disturbing anybody:
//
// | version          | which run               | what they ask                | answers           |
// | ---------------- | ----------------------- | ---------------------------- | ----------------- |
// | 1.37.3 and later | list of running sessions | our own subscription, browsers' sockets | our own
// socket | | 1.35 to 1.37.2   | list of running sessions | browsers' sockets only: subscribing
// would take the stream away from its page | our own socket, not subscribed | | up to 1.34       |
// asked over our own socket | asked over our own socket | our own socket |
//
// Lives on the loop.
#pragma once

#include <map>

#include "agent/adapters/claudecodeui_observer.h"
#include "agent/adapters/claudecodeui_sessions.h"

namespace berth::agent {

class ChatStatus {
 public:
  /// Everything must outlive this object.
  ChatStatus(AdapterContext context, SignIn& sign_in, WallClock clock);

  /// As in Adapter.
  Task<Result<void>> Refresh();
  std::vector<control::SessionInfo> Sessions() const { return sessions_.List(); }
  Task<control::AnswerResult> GiveAnswer(control::Answer answer);
  std::unique_ptr<SocketWatch> WatchSocket();
  void SetWatched(bool is_watched) { observer_.SetWanted(is_watched); }
  void SetOnChange(std::function<void()> on_change) { sessions_.SetOnChange(std::move(on_change)); }
  void SetOnNews(std::function<void()> on_news) { on_news_ = std::move(on_news); }
  void OnInstanceFound();

  /// A user opened the page of a session.
  void Seen(std::string_view session) { sessions_.Seen(session); }

 private:
  enum class Dialect {
    kShared,  ///< Subscribing disturbs nobody.
    kSingle,  ///< Subscribing takes the stream away.
    kLegacy,  ///< Before the list of running sessions.
  };
  Dialect dialect() const;
  Task<Result<void>> ReadRunning();
  Task<Result<void>> CheckPresence();
  void NotePresence(const Result<void>& answer);
  Task<void> ReadTitles();
  void FollowRuns();
  void Tell(std::string_view text);
  void OnOpen();
  void SayWhatLacks();

  AdapterContext context_;
  SignIn& sign_in_;
  ChatSessions sessions_;
  std::function<void()> on_news_;  // Something may have begun: ask soon.
  bool lacks_running_sessions_ = false;
  std::optional<TimePoint> away_since_;  // It has answered nothing since.
  std::string said_of_;                  // The version whose lacks are in the log.
  /// The runs that the present socket is subscribed to, by session.
  std::map<std::string, std::uint64_t, std::less<>> followed_;
  std::map<std::string, TimePoint> asked_;  // When a session's title was last asked for.
  ChatObserver observer_;                   // Last: its events use the rest.
};

}  // namespace berth::agent
