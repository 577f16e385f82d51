// ChatQuestions: what a claudecodeui's sessions ask their user and nobody has answered, and who of
// ours is answering it. Bounded. Lives on the loop.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/adapters/claudecodeui_message.h"
#include "base/event.h"
#include "base/wall_clock.h"
#include "control/message.h"

namespace berth::agent {

/// How a question that somebody of ours is answering came to its end.
enum class QuestionEnd {
  kAnswered,   ///< By us.
  kElsewhere,  ///< By somebody else.
  kOver,       ///< It timed out, or its run ended.
};

/// An answer under way: shared by who gives it and the question.
struct Answering {
  explicit Answering(Executor& executor) : ended(executor) {}
  Event ended;
  QuestionEnd how = QuestionEnd::kOver;  ///< Once `ended` is set.
};

/// A question that nobody has answered.
struct OpenQuestion {
  std::string session{};  ///< May be empty (up to 1.34, at the start of a new session).
  control::Question shown{};
  std::string input{};  ///< The tool's input, as JSON.
  std::weak_ptr<Answering> answering{};
  bool is_confirmed = false;  ///< It was still open when our answer was on its way.
};

/// Sessions and questions are named by the instance's ids.
class ChatQuestions {
 public:
  /// `on_closed`: a question of `session` is closed, which is no longer among these.
  explicit ChatQuestions(std::function<void(std::string_view session)> on_closed)
      : on_closed_(std::move(on_closed)) {}

  /// False: it has no id, is known, or there are too many.
  bool Add(std::string_view session, const boost::json::object& question, WallTime asked_at);
  /// The instance has listed it to us, as open.
  void Confirm(std::string_view question);
  /// Ignored unless it is open, as are those below.
  void Close(std::string_view question, QuestionEnd how);
  /// The instance said that it is answered; `but`: those that are not.
  void Resolve(std::string_view question, claudecodeui::Origin origin);
  void ResolveAllOf(std::string_view session, claudecodeui::Origin origin,
                    const std::vector<std::string>& but);
  /// The run of `session` has ended.
  void CloseAllOf(std::string_view session);
  /// Closes those of sessions, perhaps without an id, that `is_there` denies.
  void CloseOrphans(const std::function<bool(std::string_view session)>& is_there);

  /// Null: it is not open (any more), or not of `session`. Valid until something is closed.
  OpenQuestion* Find(std::string_view session, std::string_view question);
  /// The one that holds the session up longest; null: it waits for nobody. Valid likewise.
  const OpenQuestion* OldestOf(std::string_view session) const;
  /// Whether one says that it is of `session`.
  bool HasOf(std::string_view session) const;
  std::size_t size() const { return questions_.size(); }

 private:
  std::function<void(std::string_view)> on_closed_;
  std::map<std::string, OpenQuestion, std::less<>> questions_;
};

}  // namespace berth::agent
