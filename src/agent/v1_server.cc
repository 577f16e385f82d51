#include "agent/v1_server.h"

#include "agent/problem.h"
#include "base/event.h"
#include "base/log.h"
#include "control/stream_fields.h"
#include "control/v1_proxy.h"

namespace berth::agent {
namespace {

// What a message needs around the data that it carries.
constexpr std::uint64_t kEnvelope = 1024;

/// What a message needs around the body, and how much base64 and JSON may make of the body.
std::uint64_t MaxBody(const Limits& limits) { return limits.version1_message / 2; }

http::Response TooMuch(std::uint64_t limit) {
  return ProblemResponse(
      502, "too-large-for-version-1", "Too large for this hub",
      fmt::format("The hub speaks version 1 of the protocol, which carries responses of at most "
                  "{} bytes.",
                  limit));
}

/// Whether a hub takes it; escapes and base64 make more of the body.
bool FitsMessage(const control::HttpProxyResponse& answer, const Limits& limits) {
  constexpr std::uint64_t kMostOfAByte = 8;  // "\\u0001", and what stands around the body.
  if (answer.body.size() <= limits.version1_message / kMostOfAByte) return true;
  return control::Serialise(answer).size() <= limits.version1_message;
}

http::Response Stopping() {
  return ProblemResponse(503, "agent-stopping", "The instance is going away",
                         "Its agent is being stopped and takes nothing new.");
}

http::Response Endless() {
  return ProblemResponse(502, "no-streams-in-version-1", "This hub carries no streams",
                         "The hub speaks version 1 of the protocol, which carries no event "
                         "streams.");
}

}  // namespace

V1Server::V1Server(Executor& executor, const Limits& limits, Hub hub, http::Service& streams,
                   Send send)
    : executor_(executor),
      limits_(limits),
      hub_(std::move(hub)),
      streams_(streams),
      send_(std::move(send)),
      tasks_(executor) {}

V1Server::~V1Server() = default;

void V1Server::OnMessage(const control::Message& message) {
  std::visit([this](auto known) { On(std::move(known)); }, message);
}

void V1Server::Reset() {
  tasks_.CancelAll();
  chats_.clear();
  requests_.clear();
}

void V1Server::On(control::HttpProxyRequest message) {
  if (requests_.contains(message.request_id)) return;  // Sent twice: answered once.
  if (is_draining_) {
    tasks_.Spawn("version-1 refusal", Explain(message.request_id, Stopping()));
    return;
  }
  if (tasks_.size() >= limits_.tunnel_streams) {
    return Fail(message.request_id, "too many requests are under way");
  }
  requests_.insert(message.request_id);
  tasks_.Spawn("version-1 request", Answer(std::move(message)));
}

Task<void> V1Server::Answer(control::HttpProxyRequest message) {
  const std::string id = message.request_id;
  const bool is_head = message.method == "HEAD";
  auto request = control::DecodeRequest(std::move(message), hub_.scheme, hub_.authority);
  if (!request) {
    requests_.erase(id);
    co_return Fail(id, request.error().message);
  }
  auto response = co_await WithDeadline(executor_, limits_.response_timeout, "answer",
                                        streams_.Exchange(std::move(*request)));
  if (!response) {
    response = ProblemResponse(504, control::stream_error::kTimeout, "The instance does not answer",
                               "The instance took the request and gave no answer in time.");
  }
  if (http::IsEventStream(response->head)) {
    NoteLimit("event streams");
    co_return co_await Explain(id, Endless());
  }
  auto body = co_await WithDeadline(
      executor_, limits_.response_timeout, "read the answer",
      http::ReadAll(is_head ? nullptr : response->body.get(), MaxBody(limits_)));
  if (!body && body.error().kind != ErrorKind::kTooLarge) {
    co_return co_await Explain(id,
                               ProblemResponse(502, "instance-broke-off", "The instance broke off",
                                               "The instance's answer ended before its end."));
  }
  std::optional<control::HttpProxyResponse> answer;
  if (body) answer = control::EncodeResponse(response->head, id, std::move(*body));
  if (!answer || !FitsMessage(*answer, limits_)) {
    NoteLimit("responses of that size");
    co_return co_await Explain(id, TooMuch(MaxBody(limits_)));
  }
  requests_.erase(id);
  Say(*answer);
}

Task<void> V1Server::Explain(std::string id, http::Response problem) {
  auto body = co_await http::ReadAll(problem.body.get(), MaxBody(limits_));
  requests_.erase(id);
  if (body) Say(control::EncodeResponse(problem.head, id, std::move(*body)));
}

Task<void> V1Server::Drain() {
  is_draining_ = true;
  co_await tasks_.WaitEmpty();
}

void V1Server::On(control::UserRequest message) {
  const std::string said = control::ComposeChatFrame(message.action, message.payload);
  const Sha256Digest digest = Sha256(said);
  if (const auto chat = chats_.find(message.request_id); chat != chats_.end()) {
    // What is asked of a chat that runs, as to stop it, belongs there.
    if (chat->second.first != digest) chat->second.driver->FollowUp({said});
    return;
  }
  if (is_draining_) return Fail(message.request_id, "the agent is being stopped");
  if (refuses_chats_) {
    NoteLimit("who chats, so this agent, which has a list of those allowed, takes no chats");
    return Fail(message.request_id,
                "this agent admits only those on its list, and version 1 of the protocol does not "
                "say who chats");
  }
  if (tasks_.size() >= limits_.tunnel_streams) {
    return Fail(message.request_id, "too many requests are under way");
  }
  const std::string id = message.request_id;
  auto driver = std::make_shared<tunnel::ChatDriver>(
      executor_, limits_,
      [this](http::BodyPtr outgoing) {
        http::Request request;
        request.head.method = "GET";
        request.head.scheme = hub_.scheme;
        request.head.authority = hub_.authority;
        request.head.target = "/ws";
        request.head.protocol = "websocket";
        request.body = std::move(outgoing);
        return streams_.Exchange(std::move(request));
      },
      [this, id](control::Json data) { Pass(id, std::move(data)); });
  chats_[id] = {.driver = driver, .first = digest};
  tasks_.Spawn("version-1 chat", Converse(std::move(message), std::move(driver)));
}

void V1Server::Pass(const std::string& id, control::Json data) {
  // A frame that is no JSON became a string, which escapes make larger than the frame was.
  if (data.text.size() + kEnvelope <= limits_.version1_message) {
    return Say(control::UserResponseChunk{.request_id = id, .data = std::move(data)});
  }
  NoteLimit("chat messages of that size");
  Fail(id, "the instance's chat said more than version 1 carries in one message");
  const auto chat = chats_.find(id);
  if (chat != chats_.end()) chat->second.driver->Close();
}

Task<void> V1Server::Converse(control::UserRequest message,
                              std::shared_ptr<tunnel::ChatDriver> driver) {
  const tunnel::ChatEnd end = co_await driver->Run(message.action, message.payload);
  chats_.erase(message.request_id);
  if (!end.error.empty()) co_return Fail(message.request_id, end.error);
  control::UserResponseComplete complete;
  complete.request_id = message.request_id;
  if (end.is_closed) complete.data = control::ChatCloseData(end.code, end.reason);
  Say(complete);
}

void V1Server::On(control::UserRequestFollowUp message) {
  const auto chat = chats_.find(message.request_id);
  if (chat == chats_.end()) {
    LogDebug("a follow-up on a request that is over");
    return;
  }
  chat->second.driver->FollowUp(message.payload);
}

void V1Server::Say(const control::Message& message) {
  auto sent = send_(message);
  if (!sent) LogDebug("not sent to the hub: {}", sent.error().message);
}

void V1Server::Fail(std::string request_id, std::string_view why) {
  control::ErrorMessage error;
  error.request_id = std::move(request_id);
  error.message = why;
  Say(error);
}

void V1Server::NoteLimit(std::string_view what) {
  if (!noted_.emplace(what).second) return;
  LogWarn("version 1 of the protocol, which this hub speaks, cannot carry {}", what);
}

}  // namespace berth::agent
