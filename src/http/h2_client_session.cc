#include "http/h2_client_session.h"

#include <nghttp2/nghttp2.h>

#include "base/log.h"

namespace berth::http {
namespace {

/// Resets the stream of an exchange whose task is dropped before its response.
class CancelOnDrop {
 public:
  explicit CancelOnDrop(std::shared_ptr<H2Inbound> inbound) : inbound_(std::move(inbound)) {}
  CancelOnDrop(CancelOnDrop&&) = default;
  ~CancelOnDrop() {
    if (inbound_) inbound_->Abandon();
  }
  void Dismiss() { inbound_ = nullptr; }
  const std::shared_ptr<H2Inbound>& inbound() const { return inbound_; }

 private:
  std::shared_ptr<H2Inbound> inbound_;
};

Error ErrorOf(std::uint32_t code) {
  const std::string text =
      std::string("the peer ended the stream: ") + nghttp2_http2_strerror(code);
  switch (code) {
    case NGHTTP2_CANCEL:
    case NGHTTP2_REFUSED_STREAM:
      return Cancelled(text);
    case NGHTTP2_PROTOCOL_ERROR:
    case NGHTTP2_FRAME_SIZE_ERROR:
      return Invalid(text);
    default:
      return Unavailable(text);
  }
}

/// The response to what was submitted. The session, and the stream, may be gone after each wait.
Task<Result<Response>> AwaitResponse(CancelOnDrop handed_over) {
  CancelOnDrop cancel(std::move(handed_over));  // Parameters live for longer.
  const std::shared_ptr<H2Inbound> inbound = cancel.inbound();
  while (!inbound->response_ && !inbound->error() && !inbound->has_ended()) {
    co_await inbound->WaitForChange();
  }
  if (!inbound->response_) {
    // A head that is none, or an interim one, may be the last of its stream.
    co_return inbound->error().value_or(Invalid("the peer ended the stream without a response"));
  }
  Response response;
  response.head = *std::exchange(inbound->response_, std::nullopt);
  const bool has_body =
      response.is_upgraded() || !inbound->has_ended() || !inbound->is_empty() || inbound->error();
  if (has_body) {
    response.body = std::make_unique<H2Body>(inbound);
    cancel.Dismiss();
  }
  co_return response;
}

/// The same for a request that waits for a place first. Calls `end_wait` once it did so for long.
Task<Result<Response>> AwaitTurn(CancelOnDrop handed_over, Executor& executor,
                                 std::move_only_function<void()> end_wait) {
  Timer timer(std::move(end_wait));
  executor.ArmAfter(timer, kLongestWaitForPlace);
  auto response = co_await AwaitResponse(std::move(handed_over));
  co_return response;
}

Task<Result<Response>> NoResponse(Error error) { co_return error; }

}  // namespace

H2ClientSession::H2ClientSession(Executor& executor, const Limits& limits, H2Options options)
    : H2Session(Role::kClient, executor, limits, std::move(options)) {}

H2ClientSession::~H2ClientSession() { DropStreams(Unavailable("the connection was closed")); }

Task<Result<Response>> H2ClientSession::Exchange(Request request) {
  // Not a coroutine: the frame of one would hold the request for as long as the answer takes.
  if (failure() || is_finished()) return NoResponse(Unavailable("the connection has ended"));
  if (draining_ || peer_drains_)
    return NoResponse(Cancelled("the connection takes no new streams"));
  if (stream_count() >= 2 * std::size_t{options_.max_streams}) {
    return NoResponse(Conflict("too many streams wait on the connection"));
  }
  if (request.head.is_upgrade() && settled_ &&
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) ==
          0) {
    return NoResponse(Invalid("the peer takes no upgrades over HTTP/2"));
  }

  auto submitted = Submit(request);
  if (!submitted) return NoResponse(std::move(submitted).error());
  const std::size_t places =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  if (stream_count() <= places) return AwaitResponse(CancelOnDrop(std::move(*submitted)));
  return AwaitTurn(CancelOnDrop(*submitted), executor_, [this, inbound = *submitted] {
    if (inbound->stream_ != nullptr) EndWait(*inbound->stream_);
  });
}

void H2ClientSession::EndWait(H2Stream& stream) {
  if (nghttp2_session_find_stream(session_, stream.id) != nullptr) return;  // It had its turn.
  stream.inbound->Fail(Conflict("no place among the peer's streams came free"));
  Reset(stream, NGHTTP2_CANCEL);
  // nghttp2 keeps it until it could have been sent; what is its sender's does not wait for that.
  stream.job.Cancel();
  stream.request_body.reset();
  stream.interim = nullptr;
}

Result<std::shared_ptr<H2Inbound>> H2ClientSession::Submit(Request& request) {
  auto made = MakeStream();
  std::shared_ptr<H2Inbound> inbound = made->inbound;
  H2Stream& stream = *made;
  stream.is_upgrade = request.head.is_upgrade();
  stream.is_head_request = request.head.method == "HEAD";
  stream.interim = std::move(request.interim);
  H2HeadWriter head(request.head);
  if (request.body && !stream.is_upgrade) {
    if (const auto length = request.body->length()) head.AddLength(*length);
    stream.declared = head.length();
  }
  if (!head.fits(options_.sent_head_bytes)) return TooLarge("request head beyond its limit");
  const auto provider = H2DataProvider();
  const std::int32_t id =
      nghttp2_submit_request(session_, nullptr, head.data(), head.size(),
                             request.body || stream.is_upgrade ? &provider : nullptr, nullptr);
  if (id < 0) {
    Drain();  // Out of stream ids, or memory: this connection has no future.
    return Cancelled(std::string("HTTP/2: ") + nghttp2_strerror(id));
  }
  Adopt(std::move(made), id);
  stream.request_body = std::move(request.body);
  if (stream.request_body && !stream.is_upgrade) {
    stream.job = Job(executor_, "HTTP/2 request body", Pump(stream, *stream.request_body));
  }
  Signal();
  return inbound;
}

void H2ClientSession::OnHead(H2Stream& stream, bool is_end) {
  H2Inbound& inbound = *stream.inbound;
  auto head = std::move(*stream.reading).TakeResponse();
  if (!head) {
    inbound.Fail(std::move(head).error());
    Reset(stream, NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  if (head->status < 200) {
    if (stream.interims == kMostInterims) {
      NoteUselessHead();
    } else {
      ++stream.interims;
      if (stream.interim && !inbound.is_abandoned()) stream.interim(*head);
    }
    return;
  }
  stream.has_head = true;
  stream.interim = nullptr;
  if (stream.is_upgrade && head->status < 300 && !is_end) {
    head->status = 101;
    stream.is_upgraded = true;
    if (stream.request_body) {
      stream.job = Job(executor_, "HTTP/2 upgrade", Pump(stream, *stream.request_body));
    }
  } else {
    if (stream.is_upgrade) EndOutgoing(stream);
    inbound.length_ = ContentLength(head->fields);
  }
  inbound.response_ = std::move(*head);
  inbound.Announce();
}

void H2ClientSession::OnClosed(H2Stream& stream, std::uint32_t code) {
  if (stream.inbound->has_ended()) return;
  stream.inbound->Fail(peer_drains_ && !stream.has_head
                           ? Unavailable("the peer ended the connection")
                           : ErrorOf(code));
}

void H2ClientSession::OnAbandoned(H2Stream& stream) {
  // Nobody waits for the response any more. A request that is still on its way is of no use.
  if (!stream.inbound->has_ended() || !stream.at_end) Reset(stream, NGHTTP2_CANCEL);
}

void H2ClientSession::OnSentEnd(H2Stream&) {}

}  // namespace berth::http
