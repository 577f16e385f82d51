#include "http/h2_server_session.h"

#include <nghttp2/nghttp2.h>

#include "base/log.h"
#include "http/error_status.h"

namespace berth::http {
namespace {

bool HasBody(const H2Stream& stream, const Response& response) {
  return response.body && !stream.is_head_request && response.head.status != 204 &&
         response.head.status != 304;
}

}  // namespace

/// Resets the stream of an exchange that ends without a response (an exception), so that the peer
/// does not wait for ever.
struct H2ServerSession::ResetUnlessAnswered {
  H2ServerSession& session;
  H2Stream& stream;
  ~ResetUnlessAnswered() {
    if (!stream.has_head) session.Reset(stream, NGHTTP2_INTERNAL_ERROR);
  }
};

H2ServerSession::H2ServerSession(Executor& executor, const Limits& limits, Service& service,
                                 H2Options options)
    : H2Session(Role::kServer, executor, limits, std::move(options)), service_(service) {}

H2ServerSession::~H2ServerSession() { DropStreams(Unavailable("the connection was closed")); }

void H2ServerSession::OnHead(H2Stream& stream, bool is_end) {
  auto taken = std::move(*stream.reading).TakeRequest();
  if (taken.refusal != 0) {
    Refuse(stream, taken.refusal);
    return;
  }
  Request request;
  request.head = std::move(taken.head);
  request.peer = options_.peer;
  if (!options_.scheme.empty()) request.head.scheme = options_.scheme;
  stream.is_upgrade = request.head.is_upgrade();
  stream.is_head_request = request.head.method == "HEAD";
  H2Inbound& inbound = *stream.inbound;
  if (!is_end) {
    inbound.length_ = ContentLength(request.head.fields);
    inbound.expects_continue_ = taken.expects_continue;
    if (options_.carrier == H2Carrier::kBrowser && !stream.is_upgrade) {
      inbound.stall_ = limits_.body_stall_timeout;
    }
    request.body = std::make_unique<H2Body>(stream.inbound);
  }
  // One pointer, so that the handler needs no memory of its own. A stream has a session.
  request.interim = [shared = stream.inbound](const ResponseHead& head) {
    if (shared->stream_ == nullptr) return;
    static_cast<H2ServerSession*>(shared->session_)->SubmitInterim(*shared->stream_, head);
  };
  stream.job = Job(executor_, "HTTP/2 exchange", Serve(stream, std::move(request)));
}

Task<void> H2ServerSession::Serve(H2Stream& stream, Request request) {
  const ResetUnlessAnswered guard{*this, stream};
  if (stream.inbound->length_ == 0) {
    // That nothing comes shows with its end. What comes all the same resets the stream.
    auto end = co_await request.body->Read();
    if (!end) {
      Refuse(stream, BodyStatusOf(end.error().kind));
      co_return;
    }
  }
  auto response = co_await service_.Exchange(std::move(request));
  if (const auto& body_error = stream.inbound->error(); body_error && !stream.is_upgrade) {
    Refuse(stream, BodyStatusOf(body_error->kind));
    co_return;
  }
  if (!response) {
    LogDebug("HTTP/2 stream {}: {}", stream.id, response.error().ToString());
    if (response.error().kind == ErrorKind::kCancelled) {
      Reset(stream, NGHTTP2_CANCEL);
    } else {
      Refuse(stream, StatusOf(response.error().kind));
    }
    co_return;
  }
  if (!SubmitResponse(stream, *response)) co_return;
  if (!HasBody(stream, *response)) {
    response->body.reset();
    co_return;
  }
  co_await Pump(stream, *response->body);
}

bool H2ServerSession::SubmitResponse(H2Stream& stream, const Response& response) {
  int status = response.head.status;
  const bool is_refusal = stream.is_upgrade && !response.is_upgraded();
  // Over HTTP/2 any 2xx accepts an upgrade, so a service that answers one without upgrading cannot
  // be passed on as it is.
  const bool is_final = status >= 200 || (stream.is_upgrade && status == 101);
  if (!is_final || (is_refusal && status < 300)) {
    Refuse(stream, 502);
    return false;
  }
  const bool is_upgraded = response.is_upgraded();
  if (is_upgraded) status = 200;
  H2HeadWriter head(response.head, status);
  const bool has_body = HasBody(stream, response);
  if (has_body && !is_upgraded) {
    if (const auto length = response.body->length()) head.AddLength(*length);
    stream.declared = head.length();
  }
  // In a tunnel, the hub does for the browser.
  if (options_.carrier == H2Carrier::kBrowser && !response.head.fields.Has("date")) head.AddDate();
  if (!head.fits(options_.sent_head_bytes)) {
    LogDebug("HTTP/2 stream {}: response head beyond its limit", stream.id);
    Refuse(stream, 502);
    return false;
  }
  stream.has_head = true;
  stream.is_upgraded = is_upgraded;
  auto provider = H2DataProvider();
  const int submitted = nghttp2_submit_response(session_, stream.id, head.data(), head.size(),
                                                has_body ? &provider : nullptr);
  if (submitted != 0) Reset(stream, NGHTTP2_INTERNAL_ERROR);
  Signal();
  return submitted == 0;
}

void H2ServerSession::Refuse(H2Stream& stream, int status) {
  if (stream.has_head) return;
  stream.has_head = true;
  ResponseHead refusal{.status = status, .fields = {}};
  refusal.fields.Add("cache-control", "no-store");
  refusal.fields.Add("content-length", "0");
  H2HeadWriter head(refusal, status);
  if (options_.carrier == H2Carrier::kBrowser) head.AddDate();
  nghttp2_submit_response(session_, stream.id, head.data(), head.size(), nullptr);
  stream.inbound->Abandon();
  Signal();
}

void H2ServerSession::OnSentEnd(H2Stream& stream) {
  // The exchange is over; a peer that still sends is told to stop (RFC 9113, section 8.1).
  if (!stream.inbound->has_ended()) Reset(stream, NGHTTP2_NO_ERROR);
}

void H2ServerSession::OnClosed(H2Stream& stream, std::uint32_t code) {
  if (stream.inbound->has_ended()) return;
  stream.inbound->Fail(
      Cancelled(std::string("the peer ended the stream: ") + nghttp2_http2_strerror(code)));
}

void H2ServerSession::OnAbandoned(H2Stream& stream) {
  // A request whose body nobody wants still gets its response; half a WebSocket is none. One that
  // has said its last word is reset after that (OnSentEnd), or the word would be lost.
  const bool is_cut = stream.is_upgraded && !stream.inbound->has_ended() && !stream.at_end;
  if (is_cut) Reset(stream, NGHTTP2_CANCEL);
}

}  // namespace berth::http
