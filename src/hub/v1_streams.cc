#include "hub/v1_streams.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/event.h"
#include "base/log.h"
#include "control/stream_fields.h"
#include "control/v1_proxy.h"
#include "http/reserved_path.h"
#include "hub/browser.h"
#include "hub/problem.h"
#include "hub/v1_socket.h"
#include "net/buffer_pool.h"

namespace berth::hub {
namespace {

/// Waits for one http_proxy_response.
class ResponseWaiter : public V1Calls::Waiter {
 public:
  ResponseWaiter(Executor& executor, V1Calls& calls) : calls_(calls), done_(executor) {}
  ~ResponseWaiter() override { calls_.Forget(id_); }
  ResponseWaiter(const ResponseWaiter&) = delete;
  ResponseWaiter& operator=(const ResponseWaiter&) = delete;

  Result<std::string> Begin() {
    auto id = calls_.Begin(*this);
    if (id) id_ = *id;
    return id;
  }
  Event& done() { return done_; }
  Result<control::HttpProxyResponse>& answer() { return answer_; }

  void OnResponse(control::HttpProxyResponse response) override { End(std::move(response)); }
  void OnError(const control::ErrorMessage& error) override {
    const std::string message = "the instance reports: " + ForLog(error.message);
    End(error.auth_error ? Forbidden(message) : Internal(message));
  }
  void OnGone() override { End(Unavailable("the instance went away")); }

 private:
  void End(Result<control::HttpProxyResponse> answer) {
    if (done_.is_set()) return;
    answer_ = std::move(answer);
    done_.Set();
  }

  V1Calls& calls_;
  std::string id_;
  Event done_;
  Result<control::HttpProxyResponse> answer_ = Unavailable("no answer yet");
};

/// The body as text for the message, or the problem with it.
struct RequestBody {
  std::optional<std::string> text;
  std::optional<Problem> problem;
};

Problem TooLargeProblem(std::uint64_t limit) {
  return {413, "Too large for this instance",
          fmt::format("The instance is connected by protocol version 1, which carries at most {} "
                      "bytes in a request. Use berth agent beside it.",
                      limit)};
}

Problem NotTextProblem() {
  return {415, "Not text",
          "The instance is connected by protocol version 1, which carries text only and would "
          "corrupt this upload. Use berth agent beside it."};
}

Task<Result<RequestBody>> ReadBody(http::BodyPtr body, std::uint64_t limit) {
  RequestBody read;
  if (!body) co_return read;
  if (body->length().value_or(0) > limit) {
    read.problem = TooLargeProblem(limit);
    co_return read;
  }
  auto text = co_await http::ReadAll(body.get(), limit);
  if (!text && text.error().kind != ErrorKind::kTooLarge) co_return std::move(text).error();
  if (text) {
    read.text = std::move(*text);
  } else {
    read.problem = TooLargeProblem(limit);
  }
  co_return read;
}

/// 502, as the agent of a tunnel gives it: a browser gets the hub's words for `error` instead.
http::Response FailedResponse(std::string_view error) {
  auto response = ProblemResponse({502, "The instance failed", "It gave no usable answer."});
  response.head.fields.Add(control::kErrorField, error);
  return response;
}

http::Response InstanceError(const Error& error) {
  if (error.kind == ErrorKind::kForbidden) {
    return ProblemResponse({403, "Not allowed", "The instance does not admit you."});
  }
  return FailedResponse(control::stream_error::kFailed);
}

/// GET /api/clients/ID/ws-info from within the instance's pages in path mode, which their script
/// leads back here: where its sockets are.
http::Response WebSocketInfo(const http::RequestHead& head) {
  const auto field = [&](std::string_view name) {
    return std::string(head.fields.Find(name).value_or(""));
  };
  const std::string_view scheme = field("x-forwarded-proto") == "https" ? "wss" : "ws";
  boost::json::object info;
  info["ws_base"] =
      fmt::format("{}://{}{}", scheme, field("x-forwarded-host"), field("x-forwarded-prefix"));
  info["is_local"] = false;
  return JsonResponse(200, boost::json::serialize(info));
}

/// An answer, which is here whole, as if it came bit by bit: whatever is made of a piece (its
/// compression, say) is made in one go, and others have their turn in between.
class PacedBody : public http::Body {
 public:
  PacedBody(Executor& executor, http::BodyPtr whole)
      : executor_(executor), whole_(std::move(whole)) {}

  Task<Result<http::MutableBytes>> Read() override {
    if (rest_.empty()) {
      auto next = co_await whole_->Read();
      if (!next) co_return std::move(next).error();
      rest_ = *next;
    } else {
      co_await TurnEnd(executor_);
    }
    const auto piece = rest_.first(std::min(rest_.size(), net::kMostRead));
    rest_ = rest_.subspan(piece.size());
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override { return whole_->length(); }

 private:
  Executor& executor_;
  http::BodyPtr whole_;
  http::MutableBytes rest_;
};

Task<Result<http::Response>> Answer(http::Response response) { co_return response; }
Task<Result<http::Response>> Fail(Error error) { co_return error; }

Task<Result<http::Response>> Ask(HubContext& hub, std::shared_ptr<V1Calls> calls,
                                 http::Request request) {
  auto body = co_await ReadBody(std::move(request.body), hub.limits.version1_request);
  if (!body) co_return std::move(body).error();
  if (body->problem) co_return ProblemResponse(*body->problem);
  ResponseWaiter waiter(hub.executor, *calls);
  auto id = waiter.Begin();
  if (!id) co_return std::move(id).error();
  auto message = control::EncodeRequest(request.head, std::move(*id), std::move(body->text));
  if (!message) co_return ProblemResponse(NotTextProblem());
  auto said = calls->Say(*message);
  if (!said) co_return Unavailable("not sent: " + said.error().message);
  co_await waiter.done().Wait();
  auto& answer = waiter.answer();
  if (!answer) {
    if (answer.error().kind == ErrorKind::kUnavailable) co_return answer.error();
    LogWarn("instance {}: {}", calls->instance_id(), answer.error().message);
    co_return InstanceError(answer.error());
  }
  auto response = control::DecodeResponse(std::move(*answer), request.head.method);
  if (response) {
    if (response->body && response->body->length() > net::kMostRead) {
      response->body = std::make_unique<PacedBody>(hub.executor, std::move(response->body));
    }
    co_return response;
  }
  LogWarn("instance {}: answer refused: {}", calls->instance_id(), response.error().message);
  co_return FailedResponse(control::stream_error::kInvalid);
}

}  // namespace

Task<Result<http::Response>> V1Streams::Exchange(http::Request request) {
  // Not a coroutine: an exchange may outlive the peer, and its frame must not refer to it.
  if (!calls_) return Fail(Unavailable("the instance is not connected"));
  // A tunnel's agent looks itself.
  if (http::IsReservedPath(request.head.path())) {
    return Answer(ProblemResponse({404, "Not found", "This path is not the instance's."}));
  }
  if (request.head.is_upgrade()) return Answer(OpenV1Socket(hub_, calls_, std::move(request)));
  const std::string_view path = request.head.path();
  if (request.head.method == "GET" &&
      path == fmt::format("/api/clients/{}/ws-info", calls_->instance_id())) {
    return Answer(WebSocketInfo(request.head));
  }
  return Ask(hub_, calls_, std::move(request));
}

}  // namespace berth::hub
