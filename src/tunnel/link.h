// Link: what both ends of a tunnel have in common: one WebSocket (subprotocol berth.h2) whose text
// frames are control messages and whose binary frames are an HTTP/2 connection, made when the first
// stream needs it; liveness; draining.
//
// Internal to tunnel/: hub_link.h and agent_link.h are the two ends. Not thread-safe: a tunnel
// lives on one loop.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/executor.h"
#include "base/limits.h"
#include "control/message.h"
#include "http/h2_session.h"
#include "http/websocket.h"

namespace berth::tunnel {

/// The subprotocol that a tunnel offers and accepts.
inline constexpr std::string_view kSubprotocol = "berth.h2";

/// How long the hub waits for the answer to a close frame: whoever gives none is gone all the same,
/// and within 2 s where its access ended.
inline constexpr std::chrono::seconds kHubCloseTimeout{1};

/// What the two ends speak.
enum class Protocol {
  kTunnel,    ///< berth.h2.
  kVersion1,  ///< The seed's: text messages alone (docs/protocol.md).
};

/// The end that owns a Link.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  /// One control message, not yet parsed. The text is valid until the task ends; nothing else
  /// arrives meanwhile.
  virtual Task<void> OnText(std::string_view text) = 0;
  /// The peer sent the first binary frame: the session that takes it, or null to refuse.
  virtual std::unique_ptr<http::H2Session> MakeSession() = 0;
  /// Run() is about to end.
  virtual void OnEnd() {}
};

class Link {
 public:
  /// All references must outlive the link. To a peer of version 1 it is text alone, and silence is
  /// its owner's to notice.
  Link(Executor& executor, const Limits& limits, http::WebSocketRole role, LinkOwner& owner,
       Protocol protocol = Protocol::kTunnel);
  /// Fails every exchange that still runs.
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  http::WebSocketChannel& channel() { return channel_; }
  /// The round trip of the last answered ping.
  std::optional<Duration> latency() const { return channel_.latency(); }
  /// Bytes of streams, framing included, that came and went so far.
  std::uint64_t received() const { return received_; }
  std::uint64_t sent() const { return sent_; }
  /// The HTTP/2 session; null until the first stream.
  http::H2Session* session() { return session_.get(); }
  /// Puts `session` behind the binary frames. Call once.
  void StartSession(std::unique_ptr<http::H2Session> session);

  /// Receives until the tunnel ends; then fails all exchanges and says why it ended. The channel
  /// must be attached. Call once.
  Task<Error> Run();

  /// Queues a control message. kUnavailable: the tunnel is gone. A peer that does not read its
  /// messages breaks it.
  Result<void> Send(const control::Message& message);
  /// Takes no new streams, tells the peer, lets those that run finish, then closes. Idempotent.
  void Drain(std::string_view why);
  /// Fails all exchanges at once and closes; Run() ends with `why`. Of a peer that is turned away
  /// (close_code::kPolicy), nothing that is still unread is delivered.
  void Close(std::uint16_t code, Error why);
  bool is_closing() const { return why_ != nullptr; }
  /// Whether neither side has closed it, and nothing broke it.
  bool is_open() const { return channel_.is_open(); }

 private:
  /// An event other than text. An error: it was the last one.
  Result<void> Take(const http::WebSocketEvent& event);
  void TakeBinary(http::MutableBytes data);
  Error End(Error why);
  void CloseIfFinished();

  LinkOwner& owner_;
  http::WebSocketChannel channel_;
  std::unique_ptr<http::H2Session> session_;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  bool is_draining_ = false;
  /// Closes at the top of a turn, never from within Produce. With the session.
  std::unique_ptr<Timer> finished_timer_;
  Executor& executor_;
  std::unique_ptr<Error> why_;  // Why we closed; apart, because idle tunnels are many.
};

/// The `client_id` that an agent's message names; nothing if it has none.
std::optional<std::string_view> InstanceIdOf(const control::Message& message);

}  // namespace berth::tunnel
