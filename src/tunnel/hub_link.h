// HubLink: the hub's end of one tunnel (GET /ws/connect, subprotocol berth.h2).
//
//     HubLink link(executor, limits, observer);
//     co_return link.TakeResponse();                     // 101
//     ...
//     link.Attach(std::move(request.body));
//     const Error why = co_await link.Run();             // in a task of its own
//
// The agent must register first, within limits.register_timeout; then streams() reaches its
// instance. When the tunnel breaks, is fenced or closed, all exchanges fail at once with
// kUnavailable. Not thread-safe: lives on one loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/h2_client_session.h"
#include "tunnel/link.h"

namespace berth::tunnel {

/// Whether a request for /ws/connect comes from an agent that speaks berth.h2.
bool IsTunnelRequest(const http::RequestHead& head);

/// Most bytes of an agent's message until it is registered: who opens many tunnels cannot have the
/// hub hold much for each. A `register` with all that is kept of it has less, but for labels that
/// are mostly escapes.
inline constexpr std::uint64_t kMaxFirstMessage = 64 * 1024;

class HubLink : private LinkOwner {
 public:
  /// The hub behind the link. Nothing is called after Run() ended or Fence().
  class Observer {
   public:
    virtual ~Observer() = default;
    /// May this agent have that id (which IsValidInstanceId)? `success` false: it is told and the
    /// tunnel closed. An error: nobody can say now, and the tunnel is closed for it to try again.
    /// The link must not be destroyed meanwhile, but for dropping Run() first.
    virtual Task<Result<control::Registered>> OnRegister(control::Register registration) = 0;
    /// Any later message of the agent, about its own id; unknown ones too, to be counted. Pings are
    /// answered by the link.
    virtual void OnMessage(control::Message message) = 0;
  };

  /// References must outlive the link. The time to register runs from here.
  HubLink(Executor& executor, const Limits& limits, Observer& observer);
  ~HubLink() override;

  /// The response that completes the upgrade. Call once.
  http::Response TakeResponse();
  /// The agent's bytes: the body of the accepted request, or what stands in for it. Call once,
  /// before Run().
  void Attach(http::BodyPtr incoming) { link_.channel().Attach(std::move(incoming)); }

  /// Serves the tunnel until it ends; says why. kUnavailable: the agent went away; kTimeout: it did
  /// not register, or gave no sign of life; kInvalid: it broke the protocol; kForbidden: it was not
  /// let in; kConflict: fenced; kCancelled: Close(); else an error of OnRegister. Dropping it
  /// leaves the link as it is: destroy it then.
  Task<Error> Run() { return link_.Run(); }

  /// Exchanges with the instance. kUnavailable at once before registration and after the end.
  http::Service& streams() { return streams_; }
  std::size_t stream_count() const;

  /// Queues a message for the agent. kUnavailable: not registered, or gone.
  Result<void> Send(const control::Message& message);
  /// A newer connection took the id: tells the agent why, fails all exchanges, delivers nothing
  /// more and closes.
  void Fence(std::string_view why);
  /// Tells the agent `why` (an `error`; with `auth_error` if its credential ended), fails all
  /// exchanges and closes.
  void Close(std::string_view why, bool is_auth_error);
  /// Lets the exchanges that run finish and takes no new ones, then closes.
  void Drain(std::string_view why);

  /// Whether neither side has closed it, and nothing broke it.
  bool is_open() const { return !is_over_ && link_.is_open(); }
  bool is_registered() const { return is_registered_; }
  /// The registered id; "" before.
  const std::string& instance_id() const { return instance_id_; }
  /// The round trip of the last answered ping.
  std::optional<Duration> latency() const { return link_.latency(); }
  /// What its streams carried so far.
  control::Traffic traffic() const {
    return {.in = static_cast<std::int64_t>(link_.sent()),
            .out = static_cast<std::int64_t>(link_.received())};
  }

 private:
  class Streams : public http::Service {
   public:
    explicit Streams(HubLink& link) : link_(link) {}
    Task<Result<http::Response>> Exchange(http::Request request) override;

   private:
    HubLink& link_;
  };

  Task<void> OnText(std::string_view text) override;
  void OnEnd() override;
  std::unique_ptr<http::H2Session> MakeSession() override { return nullptr; }
  Task<void> OnRegister(control::Register registration);
  void OnMessage(control::Message message);
  void Tell(std::string_view error);
  void StopRegisterTimer();

  Executor& executor_;
  const Limits& limits_;
  Observer& observer_;
  Link link_;
  http::H2ClientSession* session_ = nullptr;  // Owned by link_; null until the first exchange.
  Streams streams_{*this};
  std::unique_ptr<Timer> register_timer_;  // Until it is registered.
  bool is_registered_ = false;
  bool is_over_ = false;  // Closed, fenced or ended: nothing is delivered any more.
  std::string instance_id_;
};

}  // namespace berth::tunnel
