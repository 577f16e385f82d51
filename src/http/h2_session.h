// H2Session: one HTTP/2 connection without a transport (RFC 9113), on nghttp2.
//
// The owner feeds it what arrived (Receive) and writes what it has to say (output, Produce);
// h2_transport.h does so over a ByteStream, tunnel/ inside a WebSocket. What it is used
// for is in the two roles: H2ServerSession turns requests of the peer into calls of a Service,
// H2ClientSession is a Service. The loop of an owner:
//
//     co_await session.output().Wait();               // set at the end of a turn
//     buffer.clear();
//     session.Produce(buffer, kH2Write);
//     co_await stream.Write(buffer);                  // only then ask again: this is backpressure
//     if (session.is_finished()) break;
//
// Memory: per stream at most its receive window (a former, larger one until what came for that is
// read) and one piece of its outgoing body, plus what Produce appended. An idle session holds about
// 25 KiB, nearly all of it nghttp2's.
//
// Not thread-safe: lives on one loop. Receive, Produce, Close and the destructor must not be called
// from inside a handler or a body of the session itself. All Executor, Limits and Service
// references must outlive it; bodies and Exchange tasks may outlive it and then fail, bodies behind
// what came.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/event.h"
#include "base/limits.h"
#include "base/task_group.h"
#include "http/h2_flood_guard.h"
#include "http/h2_inbound.h"
#include "http/h2_options.h"
#include "http/h2_stream.h"
#include "http/mask.h"
#include "http/message.h"

struct nghttp2_session;

namespace berth::http {

/// A growable buffer that Produce appends to; reuse it, so that its memory is allocated once.
using OutBuffer = std::string;

/// The limit that owners give to Produce. What one read of a body gives fits whole, behind a few
/// small frames: in two parts, the second would often be some bytes on their own. With what goes
/// around it (see net::kMostRead) it still fits a large block.
inline constexpr std::size_t kH2Write = net::kMostRead + 768;

class H2Session {
 public:
  virtual ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  /// Takes bytes of the peer. An error means that the connection is over: every stream has failed,
  /// and the owner writes what Produce still gives (a GOAWAY that says why), then closes.
  Result<void> Receive(MutableBytes bytes);

  /// Set, at the end of a turn, while there is something to write, and when is_finished() becomes
  /// true. Produce resets it.
  Event& output() { return output_; }
  bool wants_write() const;

  /// Appends frames to `out` until nothing is left or about `limit` bytes were appended (8 KiB or
  /// more); returns how many were. Heads may overshoot it, by 64 KiB at the very worst. Call it
  /// again only after those bytes were written.
  std::size_t Produce(PayloadWriter& out, std::size_t limit);
  std::size_t Produce(OutBuffer& out, std::size_t limit) {
    PayloadWriter writer(out);
    return Produce(writer, limit);
  }

  /// Graceful end: takes no new streams (the peer learns it by GOAWAY, in two steps on the server
  /// side, so that no request gets lost), lets those that run finish. Idempotent.
  void Drain();
  bool is_draining() const { return draining_; }

  /// The transport is gone: fails every stream with `error` at once. Nothing is produced any more.
  /// Idempotent.
  void Close(Error error);
  /// The same, and what came of bodies that did not end is discarded: their peer has lost its
  /// right to be heard.
  void CloseAndDiscard(const Error& error);

  /// True once nothing will be read or written any more: closed, failed and flushed, or drained.
  bool is_finished() const;

  /// Streams that are open now.
  std::size_t stream_count() const { return stream_count_; }
  /// Since when stream_count() is 0; meaningless while it is not.
  TimePoint idle_since() const { return idle_since_; }
  /// Whether a head has begun to arrive and is not complete.
  bool is_head_incomplete() const { return guard_.is_head_incomplete(); }
  /// Whether the peer's SETTINGS have arrived.
  bool is_settled() const { return settled_; }

  /// Sends a PING; the answer shows as received bytes.
  void Ping();

  /// Bytes received and not yet used, over all streams: now, and the most there ever were.
  std::size_t buffered() const { return buffered_; }
  std::size_t peak_buffered() const { return peak_buffered_; }

 protected:
  enum class Role { kServer, kClient };
  H2Session(Role role, Executor& executor, const Limits& limits, H2Options options);

  // What a role does with its streams. The first, second and last are called inside nghttp2: they
  // note, queue and submit, and destroy nothing.
  virtual void OnHead(H2Stream& stream, bool is_end) = 0;
  virtual void OnClosed(H2Stream& stream, std::uint32_t code) = 0;
  /// The body that reads `stream` was dropped.
  virtual void OnAbandoned(H2Stream& stream) = 0;
  /// Our END_STREAM went out.
  virtual void OnSentEnd(H2Stream& stream) = 0;

  /// A stream without an id, in no list.
  std::unique_ptr<H2Stream> MakeStream();
  /// Takes ownership of a stream that nghttp2 knows by `id`.
  void Adopt(std::unique_ptr<H2Stream> stream, std::int32_t id);
  /// Reads `body` piece by piece into the stream until its end. `body` must outlive the task.
  Task<void> Pump(H2Stream& stream, Body& body);
  /// Nothing follows what was sent on the stream.
  void EndOutgoing(H2Stream& stream);
  /// Sends an interim response, unless the final one was sent.
  void SubmitInterim(H2Stream& stream, const ResponseHead& head);
  /// Resets the stream, if it still is open. What nghttp2 has not sent of it is dropped.
  void Reset(H2Stream& stream, std::uint32_t code);
  /// Notes that the head which arrived is of no use. Too many end the connection.
  void NoteUselessHead() {
    if (!guard_.SpendUselessHead(executor_.now())) has_flooded_ = true;
  }
  /// Sets output() if there is something to write.
  void Signal();
  /// Destroys every stream and fails what waits. The roles' destructors call it first.
  void DropStreams(const Error& error);
  /// Why the session ended, if it did.
  const std::optional<Error>& failure() const { return failure_; }

  Executor& executor_;
  const Limits& limits_;
  const H2Options options_;
  nghttp2_session* session_ = nullptr;
  bool draining_ = false;     ///< We take no new streams.
  bool peer_drains_ = false;  ///< The peer takes no new streams.
  bool settled_ = false;

 private:
  friend struct H2Callbacks;
  friend class H2Inbound;

  /// What EndStalled needs.
  struct StallWatch {
    Timer timer;
    std::uint64_t data_sent = 0;                      ///< Bytes of bodies, of all streams.
    std::optional<std::uint64_t> data_sent_before{};  ///< When it last looked.
  };
  struct ResetIfThrown;

  void SubmitSettings();
  /// `used` received bytes were used or discarded; null: their stream gets no credit for them.
  void Credit(H2Stream* stream, std::size_t used);
  /// Fits the window of a stream in a tunnel to its reader, who used so much of it; returns how
  /// much credit that gives.
  std::size_t AdaptWindow(H2Stream& stream, std::size_t used);
  /// Sends a PING that measures the round trip, unless one did lately.
  void MeasureRoundTrip();
  /// The peer answered a PING of ours.
  void OnPong(std::span<const std::uint8_t> payload);
  void NoteBuffered(std::ptrdiff_t change);
  /// Ends the connection with GOAWAY.
  void Fail(Error error, std::uint32_t code);
  void SubmitFinalGoaway();
  /// Lets the pumps whose piece was used read the next one.
  void Refill();
  /// The end of Receive and Produce: destroys closed streams, notices the end, signals.
  void Settle();
  void ResumeOutgoing(H2Stream& stream);
  /// Resets the stream whose outgoing body broke off, behind what goes before in it.
  void BreakOff(H2Stream& stream, std::uint32_t code);
  /// Resets the streams of which a browser has taken nothing since the last call, its windows being
  /// shut; calls itself again after limits.write_stall_timeout while there is something to take.
  void EndStalled();

  const Role role_;
  Event output_;
  H2FloodGuard guard_;
  Timer drain_timer_;
  std::size_t stream_count_ = 0;
  TimePoint idle_since_;
  bool is_inside_ = false;  ///< Receive or Produce runs; they end with Settle().
  bool is_closed_ = false;
  bool has_flooded_ = false;
  bool is_last_goaway_sent_ = false;
  std::optional<TimePoint> measured_at_;  ///< When the last PING that measures went out.
  bool is_measuring_ = false;             ///< It was not answered yet.
  std::optional<Duration> round_trip_;    ///< The shortest seen.
  std::optional<Error> failure_;

  std::unique_ptr<StallWatch> stall_;  ///< Towards browsers; a tunnel's end waits for its reader.

  PayloadWriter* out_ = nullptr;  ///< Where DATA frames go, during Produce.
  std::size_t out_end_ = 0;       ///< Its size must not exceed that.
  bool is_out_full_ = false;

  std::size_t buffered_ = 0;
  std::size_t peak_buffered_ = 0;

  H2StreamList open_;
  H2StreamList dead_;    ///< Closed, to be destroyed outside nghttp2.
  H2HungryList hungry_;  ///< Their piece is used up.
  boost::intrusive::list<H2Inbound, boost::intrusive::constant_time_size<false>> inbounds_;
};

}  // namespace berth::http
