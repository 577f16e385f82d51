#include "agent/adapters/claudecodeui_status.h"

#include <algorithm>
#include <boost/json.hpp>

#include "agent/adapters/claudecodeui_chat.h"
#include "agent/adapters/claudecodeui_version.h"
#include "agent/json_request.h"
#include "base/json.h"
#include "base/log.h"

namespace berth::agent {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

// A version that knows the list of running sessions answers at once; the hub waits for 10 s.
constexpr Duration kAnswerTimeout = seconds(8);
// An instance that is away so long has ended: until then it may be a pause of the network.
constexpr Duration kLostAfter = seconds(15);
constexpr Duration kTitleAgain = seconds(15);
constexpr std::size_t kTitlesAtOnce = 4;
constexpr std::int64_t kNoReplay = 1'000'000'000;  // Beyond every number that a message can have.

/// Whether an id can stand in a path as it is.
bool IsPlain(std::string_view id) {
  return !id.empty() && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

std::string SubscriptionTo(std::string_view session) {
  return json::serialize(json::object{
      {"type", "chat.subscribe"},
      {"sessions", json::array{json::object{{"sessionId", session}, {"lastSeq", kNoReplay}}}}});
}

std::string PendingOf(std::string_view session) {
  return json::serialize(json::object{{"type", "get-pending-permissions"}, {"sessionId", session}});
}

/// The tool's input with what the user chose filled in; nothing if that cannot be done.
std::optional<json::value> Filled(std::string_view input,
                                  const std::map<std::string, std::string>& answers) {
  auto object = ParseJsonObject(input);
  if (!object) return std::nullopt;
  json::object chosen;
  for (const auto& [question, answer] : answers) chosen[question] = answer;
  (*object)["answers"] = std::move(chosen);
  return std::move(*object);
}

Task<Result<QuestionEnd>> AwaitEnd(std::shared_ptr<Answering> answering) {
  co_await answering->ended.Wait();
  co_return answering->how;
}

}  // namespace

ChatStatus::ChatStatus(AdapterContext context, SignIn& sign_in, WallClock clock)
    : context_(context),
      sign_in_(sign_in),
      sessions_(std::move(clock)),
      observer_(context, sign_in,
                {.on_open = [this] { OnOpen(); },
                 .on_lost = [this] { sessions_.Doubt(); },
                 .on_text =
                     [this](std::string_view text) {
                       sessions_.OnMessage(text, claudecodeui::Origin::kObserver);
                     }}) {
  sessions_.SetOnListed([this] {
    for (const auto& [id, run] : sessions_.Running()) Tell(PendingOf(id));
  });
  sessions_.SetOnUpserted([this](std::string_view id) {
    // A run that begins is announced so; asking now catches even one that fails at once.
    if (dialect() == Dialect::kShared) Tell(SubscriptionTo(id));
    if (on_news_) on_news_();
  });
}

ChatStatus::Dialect ChatStatus::dialect() const {
  if (lacks_running_sessions_) return Dialect::kLegacy;
  return IsAtLeast(context_.info.version, kSharedAudience) ? Dialect::kShared : Dialect::kSingle;
}

std::unique_ptr<SocketWatch> ChatStatus::WatchSocket() {
  return std::make_unique<ChatWatch>(sessions_);
}

void ChatStatus::OnInstanceFound() {
  lacks_running_sessions_ = false;
  sessions_.SetSaysResolved(dialect() == Dialect::kShared);
  followed_.clear();
  asked_.clear();
  sessions_.Doubt();  // It may be another than before.
}

Task<Result<void>> ChatStatus::Refresh() {
  auto read = co_await ReadRunning();
  NotePresence(read);
  if (!read) co_return read;
  SayWhatLacks();
  if (dialect() == Dialect::kLegacy) {
    Tell(R"({"type":"get-active-sessions"})");
    co_return Ok();
  }
  if (dialect() == Dialect::kShared) FollowRuns();
  co_await ReadTitles();
  co_return Ok();
}

Task<Result<void>> ChatStatus::ReadRunning() {
  if (lacks_running_sessions_) co_return co_await CheckPresence();
  JsonQuestion question{.target = "/api/providers/sessions/running", .api_key = sign_in_.api_key()};
  question.token = co_await sign_in_.Token();
  if (question.token.empty()) {
    auto there = co_await CheckPresence();
    if (!there) co_return there;
    co_return Unauthorized("not signed in");
  }
  const std::string used = question.token;
  const ChatSessions::Moment asked = sessions_.Now();
  auto answer =
      co_await AskJson(context_.executor, context_.instance, context_.info, std::move(question));
  if (!answer && answer.error().kind != ErrorKind::kNotFound) co_return answer.error();
  if (!answer && !IsAtLeast(context_.info.version, kListsRunning)) {
    lacks_running_sessions_ = true;
    co_return Ok();
  }
  // A claudecodeui that has the list never gives a page instead.
  if (!answer || (answer->value.is_null() && answer->status < 500)) {
    co_return Unavailable("something else answers in the instance's place");
  }
  if (answer->status == 401) {
    const bool is_new = co_await sign_in_.Replace(used);
    if (!is_new) co_return Unauthorized("the instance refuses the token");
    // The next reading will tell.
  } else if (IsFromProxy(*answer)) {
    co_return Unavailable("a proxy before the instance does not reach it");
  } else if (answer->status == 200) {
    sessions_.SetRunning(claudecodeui::ParseRunningSessions(answer->value), asked);
  }
  co_return Ok();
}

void ChatStatus::NotePresence(const Result<void>& answer) {
  if (answer || answer.error().kind == ErrorKind::kTimeout) {
    away_since_.reset();  // Slow is not away.
    return;
  }
  const TimePoint now = context_.executor.now();
  if (IsAway(answer.error())) {
    sessions_.Doubt();
    if (!away_since_) away_since_ = now;
  }
  // Without a sign-in there is nothing that would say whether it still runs.
  if (answer.error().kind == ErrorKind::kUnauthorized) sessions_.LoseDoubted();
  if (away_since_ && now - *away_since_ >= kLostAfter) sessions_.Lose();
}

// Where nothing can be asked, or the chat alone tells what runs: whether there is anybody to tell
// it.
Task<Result<void>> ChatStatus::CheckPresence() {
  if (observer_.is_open()) co_return Ok();
  auto answer =
      co_await AskJson(context_.executor, context_.instance, context_.info, {.target = "/health"});
  if (!HasAnswered(answer)) co_return answer.error();
  if (answer && IsFromProxy(*answer)) {
    co_return Unavailable("a proxy before the instance does not reach it");
  }
  co_return Ok();
}

Task<void> ChatStatus::ReadTitles() {
  const auto untitled = sessions_.Untitled();
  std::erase_if(asked_, [&untitled](const auto& entry) {
    return std::ranges::find(untitled, entry.first) == untitled.end();
  });
  std::size_t count = 0;
  for (const std::string& id : untitled) {
    const TimePoint now = context_.executor.now();
    const auto asked = asked_.find(id);
    if (!IsPlain(id) || (asked != asked_.end() && now - asked->second < kTitleAgain)) continue;
    if (++count > kTitlesAtOnce) co_return;
    asked_[id] = now;
    JsonQuestion question{.target = "/api/providers/sessions/" + id, .api_key = sign_in_.api_key()};
    question.token = co_await sign_in_.Token();
    auto answer =
        co_await AskJson(context_.executor, context_.instance, context_.info, std::move(question));
    if (!answer || answer->status != 200 || !answer->value.is_object()) continue;
    const auto* data = ObjectMember(answer->value.get_object(), "data");
    if (!data) continue;
    const auto* project = ObjectMember(*data, "project");
    sessions_.Describe(id, StringMember(*data, "summary"),
                       project ? StringMember(*project, "displayName") : "");
  }
}

void ChatStatus::FollowRuns() {
  if (!observer_.is_open()) return;
  auto running = sessions_.Running();
  for (const auto& [id, run] : running) {
    const auto known = followed_.find(id);
    if (known == followed_.end() || known->second != run) Tell(SubscriptionTo(id));
  }
  followed_ = std::move(running);
}

void ChatStatus::Tell(std::string_view text) {
  if (!observer_.is_open()) return;
  auto sent = observer_.Send(text);
  if (!sent) LogDebug("chat observer: {}", sent.error().ToString());
}

void ChatStatus::OnOpen() {
  followed_.clear();
  if (on_news_) on_news_();
}

void ChatStatus::SayWhatLacks() {
  const std::string& version = context_.info.version;
  if (dialect() == Dialect::kShared || said_of_ == version + ' ') return;
  if (dialect() == Dialect::kSingle && version.empty()) return;  // It is being asked for it.
  said_of_ = version + ' ';
  if (dialect() == Dialect::kSingle) {
    LogInfo(
        "instance version {}: a run that waits for its user shows only while its page is open "
        "through the hub; 1.37.3 and later tell it always",
        ForLog(version, 40));
  } else {
    LogInfo(
        "instance version {}: it does not say since when its sessions run, nor their titles, and a "
        "failure shows only while its page is open through the hub; 1.37.3 and later tell it all",
        version.empty() ? "(unknown)" : ForLog(version, 40));
  }
}

Task<control::AnswerResult> ChatStatus::GiveAnswer(control::Answer answer) {
  using Outcome = control::AnswerResult::Outcome;
  control::AnswerResult result{.request_id = answer.request_id};
  OpenQuestion* const question = sessions_.Find(answer.session_id, answer.question_id);
  if (!question || !question->answering.expired()) {
    result.outcome = Outcome::kGone;
    result.message = question ? "somebody else is answering it" : "it is not open any more";
    co_return result;
  }
  json::object message{{"requestId", answer.question_id}, {"allow", answer.allow}};
  message["type"] =
      dialect() == Dialect::kLegacy ? "claude-permission-response" : "chat.permission-response";
  if (!answer.allow && !answer.message.empty()) message["message"] = answer.message;
  if (answer.allow && !answer.answers.empty()) {
    auto filled = Filled(question->input, answer.answers);
    if (!filled) {
      result.message = "this question is too large to be answered from here; open the session";
      co_return result;
    }
    message["updatedInput"] = std::move(*filled);
  }
  auto answering = std::make_shared<Answering>(context_.executor);
  question->answering = answering;
  // Asking what is open, in front of the answer, tells whether somebody was faster.
  Result<void> sent = Ok();
  question->is_confirmed = dialect() == Dialect::kSingle;
  if (dialect() == Dialect::kShared) sent = observer_.Send(SubscriptionTo(answer.session_id));
  if (dialect() == Dialect::kLegacy) sent = observer_.Send(PendingOf(answer.session_id));
  if (sent) sent = observer_.Send(json::serialize(message));
  if (!sent) {
    LogWarn("answer to the instance: {}", ForLog(sent.error().ToString()));
    result.message = "the agent has no connection to the instance's chat at the moment";
    co_return result;
  }
  // An old instance says nothing of an answer unless it is asked.
  if (dialect() == Dialect::kLegacy) Tell(PendingOf(answer.session_id));
  auto ended = co_await WithDeadline(context_.executor, kAnswerTimeout, "the instance's word",
                                     AwaitEnd(answering));
  if (!ended) {
    result.outcome = Outcome::kUnconfirmed;
    result.message = "the instance did not confirm the answer";
  } else if (*ended == QuestionEnd::kAnswered) {
    result.outcome = Outcome::kSent;
  } else {
    result.outcome = Outcome::kGone;
    result.message = *ended == QuestionEnd::kElsewhere ? "somebody else has answered it"
                                                       : "it was given up, or its run has ended";
  }
  co_return result;
}

}  // namespace berth::agent
