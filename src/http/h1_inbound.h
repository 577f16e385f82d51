// H1Inbound: the receiving half of one browser's HTTP/1.1 connection, for ServeH1.
//
// A background task keeps a Read pending on the stream whenever there is room, so that a browser
// that goes away is noticed while its request is being served; what arrives meanwhile is kept, up
// to a bound. Bodies are pulled through it and detached from it when their exchange ends, so a
// Service that keeps one too long gets an error and not another request's bytes. Shared by the
// connection and the request body that it handed out. Lives on one loop.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>

#include "base/event.h"
#include "base/limits.h"
#include "http/h1_body.h"
#include "http/h1_reader.h"

namespace berth::http {

class H1Inbound : public std::enable_shared_from_this<H1Inbound> {
 public:
  /// `executor` and `limits` must outlive every use but destruction.
  H1Inbound(Executor& executor, const Limits& limits, net::StreamPtr stream);

  /// Begins to read.
  void Start();
  /// Closes the stream at once and fails whoever still reads a body. Idempotent. Never called from
  /// inside a Read of this object.
  void Abandon() noexcept;
  /// Ends as Abandon() does, but gives the stream away, open, with what was read of it and not
  /// used. Nothing but destruction may follow.
  std::pair<net::StreamPtr, std::string> Release();

  /// The next request head. A refusal with status 0 means that there is nothing to answer: the
  /// browser closed the connection, was idle for too long, or `drain` (may be null) is set.
  Task<std::expected<H1Request, H1Refusal>> ReadHead(const Event* drain);

  /// Begins the body of the request whose head was read. Null for kNone. `ask_continue` (may be
  /// empty) is called once if the body is read before any byte of it came.
  BodyPtr OpenBody(BodyFraming framing, std::move_only_function<void()> ask_continue);
  /// Whether the request had no body, so that FinishBody has nothing to wait for; detaches it then.
  bool FinishAtOnce();
  /// Detaches the body and reads what is left of it, up to `limit` bytes. True: the connection
  /// stands at the beginning of the next head.
  Task<bool> FinishBody(std::uint64_t limit);
  /// Reads and drops what comes until the browser finishes its direction or `limit` bytes came;
  /// kTimeout if nothing comes for the time of `silence`.
  Task<Result<void>> Discard(std::uint64_t limit, Duration silence);

  /// Why reading the present body failed, if it did.
  const std::optional<Error>& body_error() const { return body_error_; }
  /// Bytes of the next request are here already.
  bool has_more() const { return !reader_.empty(); }
  /// The browser waits for 100 Continue and did not get it.
  bool is_continue_owed() const { return static_cast<bool>(ask_continue_); }
  /// From now on the end of the browser's direction is the body's end and no reason to cancel.
  void AllowHalfClose() { may_half_close_ = true; }

  /// The browser is gone: whatever is done for it can stop.
  Event& gone() { return gone_; }
  /// The browser finished its direction, or the connection broke.
  Event& ended() { return ended_; }
  /// The present body was destroyed: nobody reads what is left of it.
  Event& unwanted() { return unwanted_; }
  /// Makes ReadHead look at `drain` again.
  void Wake() { arrived_.Set(); }

  net::ByteStream& stream() { return *stream_; }

 private:
  class RequestBody;

  Task<void> Pump();
  Task<Result<MutableBytes>> ReadBody(std::uint64_t generation);
  void ReleaseLent();
  void KeepUpTo(std::size_t bytes);
  void ArmDeadline(Duration limit);

  Executor& executor_;
  const Limits& limits_;
  net::StreamPtr stream_;
  H1Reader reader_;
  Event arrived_;  // Bytes, the end, a timeout, or a Wake().
  Event room_;     // The pump may look again whether it may read.
  Event gone_;
  Event ended_;
  Event unwanted_;
  Timer deadline_;
  bool timed_out_ = false;
  bool is_broken_ = false;
  bool has_had_request_ = false;
  bool may_half_close_ = false;
  std::size_t keep_ = 0;  // The pump reads while fewer bytes than this, and than 1, are here.

  // The present body.
  std::uint64_t generation_ = 0;
  BodyFraming framing_;
  H1BodyDecoder decoder_;
  std::size_t lent_ = 0;  // Bytes at the front that a reader of the body looks at.
  std::optional<Error> body_error_;
  std::move_only_function<void()> ask_continue_;

  Task<void> pump_;  // Last: uses all of the above.
};

}  // namespace berth::http
