// WebSocketChannel: messages over the two bodies of an upgraded exchange.
//
// Whoever accepts or dials a WebSocket makes one, hands TakeOutgoing() to the other side of the
// exchange (as the body of the 101 response, or of the upgrade request) and attaches the peer's
// body. What
// was queued during a turn leaves as one piece at its end; the next pull says that the piece before
// was written, so a peer that does not read stops us, with bounded queues. Pings are answered here;
// silence is noticed here. Not thread-safe: a channel lives on one loop, with one Receive at a
// time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/event.h"
#include "base/token_bucket.h"
#include "http/body.h"
#include "http/websocket_codec.h"

namespace berth::http {

class WebSocketChannel {
 public:
  /// What a peer may send beside binary payload, in bytes: more than an agent with all the sessions
  /// and questions that it may tell of does, and to read as much costs a few per cent of a core. A
  /// frame or message counts as kLeastCounted at least.
  static constexpr TokenBucket::Rate kPeerRate{.burst = 16.0 * 1024 * 1024,
                                               .per_second = 1024.0 * 1024};
  static constexpr std::size_t kLeastCounted = 4096;
  enum class Counted : std::uint8_t {
    kNothing,
    kIdleFrames,  ///< Control frames and empty ones.
    kAllButData,  ///< These and text messages.
  };

  struct Options {
    std::uint64_t max_text = 1024 * 1024;      ///< Bytes of one received text message.
    bool accept_binary = true;                 ///< Else a binary message fails with code 1003.
    Counted counted = Counted::kNothing;       ///< What is drawn from kPeerRate.
    std::size_t max_queued = 4 * 1024 * 1024;  ///< Bytes of text that may wait to be sent.
    std::size_t piece = 64 * 1024;             ///< Binary bytes of one frame, about.
    /// Silence before a ping, or up to a hundredth less, so that many channels ping in one turn; 0
    /// = never. Needs a steady Receive(). Where it is never silent, a ping measures the latency at
    /// every third such time.
    Duration ping_after{};
    Duration ping_answer{};  ///< Dead without a byte for that long after the ping.
    Duration close_timeout = std::chrono::seconds(5);  ///< For the peer's answer to Close().
    MaskKey (*mask_key)() = RandomMaskKey;
  };
  /// Appends at most about `limit` bytes to `out`; nothing when there is nothing to send.
  using BinarySource = std::move_only_function<void(PayloadWriter& out, std::size_t limit)>;

  /// The executor must outlive the channel and its bodies.
  WebSocketChannel(Executor& executor, WebSocketRole role, Options options);
  /// The same, with the peer's bytes attached at once.
  WebSocketChannel(Executor& executor, WebSocketRole role, BodyPtr incoming, Options options);
  /// What is queued still leaves, then a close frame (1001) if none was sent. REQUIRES: no Receive
  /// is under way.
  ~WebSocketChannel();
  WebSocketChannel(const WebSocketChannel&) = delete;
  WebSocketChannel& operator=(const WebSocketChannel&) = delete;

  /// The peer's raw bytes, once the upgrade is agreed. Call once, before Receive; liveness is
  /// watched from then on.
  void Attach(BodyPtr incoming);

  /// Our side's bytes, for the transport to pull. May outlive the channel; dropping it breaks the
  /// channel. Call once.
  BodyPtr TakeOutgoing();

  /// The next text message, part of a binary message, or the peer's close frame (already answered;
  /// the last event). Its data is valid until the next call and may be changed in place. Dropping
  /// the Task loses nothing. Errors are final: kUnavailable (the peer went away, or the channel was
  /// closed), kInvalid and kTooLarge (the peer broke the protocol, or sent more than kPeerRate: the
  /// close frame is queued), kTimeout (silence).
  Task<Result<WebSocketEvent>> Receive();

  /// Changes max_text, for the frames that begin from now on.
  void LimitText(std::uint64_t bytes) { decoder_.LimitText(bytes); }

  /// Queues a text message. kTooLarge: the peer does not read, and the queue is full: close.
  /// kUnavailable: closed or broken. REQUIRES: valid UTF-8.
  Result<void> SendText(std::string_view text);

  /// Where binary payload comes from: `source` is asked whenever the transport can take a piece and
  /// `ready` is set (it need not reset it). Both must outlive the channel, unless
  /// ClearBinarySource() is called first.
  void SetBinarySource(BinarySource source, Event& ready);
  void ClearBinarySource();

  /// Starts the closing handshake: nothing is sent after the close frame, and what arrives before
  /// the peer's is dropped. Keep calling Receive: it ends with the peer's close frame, or kTimeout.
  void Close(std::uint16_t code, std::string_view reason);
  /// Breaks the channel at once: Receive fails with `error`, our bytes end with a failure.
  void Abort(Error error);

  /// Sends a ping now, unless one is under way.
  void Ping();
  /// `answered` is called, within Receive(), when a ping was answered: what was queued before it
  /// has been read. It may send, and ping again. Call at most once.
  void OnPong(std::move_only_function<void()> answered) { on_pong_ = std::move(answered); }
  /// The round trip of the last answered ping.
  std::optional<Duration> latency() const { return latency_; }
  bool is_open() const { return !error_ && !is_peer_closed_ && !is_closing_; }

 private:
  struct Outbox;
  class Outgoing;

  // Not inlined: what they need would lie in Receive's frame, of which each idle tunnel has one.
  [[gnu::noinline]] Result<void> TakeInput(Result<MutableBytes> read);
  [[gnu::noinline]] bool IsTooMuch(std::size_t idle_frames, const WebSocketEvent* text);
  [[gnu::noinline]] void TakePong(std::string_view payload);
  [[gnu::noinline]] void TakeClose(const WebSocketEvent& event);
  [[gnu::noinline]] void SendClose(std::uint16_t code, std::string_view reason);
  [[gnu::noinline]] void Fail(Error error);
  void OnLivenessTimer();
  TimePoint QuietUntil() const;

  Executor& executor_;
  const Options options_;
  BodyPtr incoming_;
  WebSocketDecoder decoder_;
  std::shared_ptr<Outbox> outbox_;  // Shared with the outgoing body, which the transport owns.
  MutableBytes input_;              // Received, not yet decoded.
  std::optional<Error> error_;      // Set for good once the channel is broken.
  Event broken_;                    // Set with error_: ends a pending read.
  TokenBucket allowance_;           // What the peer may still send.
  bool is_closing_ = false;         // Close() was called.
  bool is_peer_closed_ = false;

  TimePoint last_received_;
  bool is_ping_pending_ = false;
  TimePoint ping_sent_{};
  std::uint64_t ping_number_ = 0;
  std::optional<Duration> latency_;
  std::move_only_function<void()> on_pong_;
  Timer liveness_timer_;
  std::unique_ptr<Timer> close_timer_;  // From Close() on.
};

}  // namespace berth::http
