#include "agent/adapters/claudecodeui_questions.h"

#include <algorithm>

#include "control/questions.h"

namespace berth::agent {
namespace {

using claudecodeui::Origin;

constexpr std::size_t kMaxQuestions = 64;
constexpr std::size_t kMaxInput = 256 * 1024;

bool MayBeOf(const OpenQuestion& question, std::string_view session) {
  return question.session.empty() || question.session == session;
}

/// The ids of those that `is_meant` says: closing one takes it out of the map.
template <typename Predicate>
std::vector<std::string> IdsOf(const std::map<std::string, OpenQuestion, std::less<>>& questions,
                               const Predicate& is_meant) {
  std::vector<std::string> ids;
  for (const auto& [id, question] : questions) {
    if (is_meant(id, question)) ids.push_back(id);
  }
  return ids;
}

}  // namespace

bool ChatQuestions::Add(std::string_view session, const boost::json::object& question,
                        WallTime asked_at) {
  std::string id = claudecodeui::TextOf(question, "requestId");
  if (id.empty() || questions_.size() >= kMaxQuestions || questions_.contains(id)) return false;
  OpenQuestion open{.session = std::string(session),
                    .shown = claudecodeui::QuestionOf(question, asked_at)};
  // What is longer is shown in part, and can be denied, but not filled in.
  if (open.shown.text.size() <= kMaxInput) open.input = open.shown.text;
  control::CutText(open.shown, control::kMaxQuestion);
  questions_.emplace(std::move(id), std::move(open));
  return true;
}

void ChatQuestions::Confirm(std::string_view question) {
  const auto found = questions_.find(question);
  // Asked by us, in front of our answer: nobody was faster.
  if (found != questions_.end() && !found->second.answering.expired()) {
    found->second.is_confirmed = true;
  }
}

void ChatQuestions::Close(std::string_view question, QuestionEnd how) {
  const auto found = questions_.find(question);
  if (found == questions_.end()) return;
  if (const auto answering = found->second.answering.lock()) {
    const bool is_other = how == QuestionEnd::kAnswered && !found->second.is_confirmed;
    answering->how = is_other ? QuestionEnd::kElsewhere : how;
    answering->ended.Set();
  }
  const std::string session = found->second.session;
  questions_.erase(found);
  on_closed_(session);
}

void ChatQuestions::Resolve(std::string_view question, Origin origin) {
  const auto found = questions_.find(question);
  if (found == questions_.end()) return;
  // Whether it was our answer is told by the order of messages on our own socket.
  const bool is_undecided = !found->second.answering.expired() && !found->second.is_confirmed;
  if (origin == Origin::kBrowser && is_undecided) return;
  Close(question, QuestionEnd::kAnswered);
}

void ChatQuestions::ResolveAllOf(std::string_view session, Origin origin,
                                 const std::vector<std::string>& but) {
  const auto is_meant = [&](const std::string& id, const OpenQuestion& question) {
    return question.session == session && std::ranges::find(but, id) == but.end();
  };
  for (const std::string& id : IdsOf(questions_, is_meant)) Resolve(id, origin);
}

void ChatQuestions::CloseAllOf(std::string_view session) {
  const auto is_meant = [session](const std::string&, const OpenQuestion& question) {
    return question.session == session;
  };
  for (const std::string& id : IdsOf(questions_, is_meant)) {
    // A run that ends after our answer may do so before anybody says that the answer was taken.
    const bool is_ours = questions_.find(id)->second.is_confirmed;
    Close(id, is_ours ? QuestionEnd::kAnswered : QuestionEnd::kOver);
  }
}

void ChatQuestions::CloseOrphans(const std::function<bool(std::string_view)>& is_there) {
  const auto is_meant = [&](const std::string&, const OpenQuestion& question) {
    return !is_there(question.session);
  };
  for (const std::string& id : IdsOf(questions_, is_meant)) Close(id, QuestionEnd::kOver);
}

OpenQuestion* ChatQuestions::Find(std::string_view session, std::string_view question) {
  const auto found = questions_.find(question);
  if (found == questions_.end()) return nullptr;
  return MayBeOf(found->second, session) ? &found->second : nullptr;
}

const OpenQuestion* ChatQuestions::OldestOf(std::string_view session) const {
  const OpenQuestion* oldest = nullptr;
  for (const auto& [id, question] : questions_) {
    if (!MayBeOf(question, session)) continue;
    if (!oldest || question.shown.asked_at < oldest->shown.asked_at) oldest = &question;
  }
  return oldest;
}

bool ChatQuestions::HasOf(std::string_view session) const {
  return std::ranges::any_of(
      questions_, [session](const auto& entry) { return entry.second.session == session; });
}

}  // namespace berth::agent
