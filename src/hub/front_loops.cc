#include "hub/front_loops.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <thread>

#include "base/log.h"
#include "http/crossing.h"
#include "http/server.h"
#include "net/listener.h"

namespace berth::hub {
namespace {

Limits LimitsOfOne(const Limits& limits, std::size_t count) {
  Limits one = limits;
  one.connections = std::max<Limits::Size>(limits.connections / count, 1);
  return one;
}

}  // namespace

/// One thread. Made and destroyed on the main thread, while this one does not run.
class FrontLoops::Front {
 public:
  Front(net::Loop& main, const Limits& limits, MailAddress<bool> on_drained)
      : main_(main),
        limits_(limits),
        loop_(std::chrono::microseconds(limits.busy_poll_us)),
        on_drained_(std::move(on_drained)) {}
  ~Front() { Join(); }

  Result<void> Listen(const net::HostPort& address, net::TlsServer* tls, net::PortSharing sharing) {
    auto made = net::Listener::Create(loop_, address, tls, limits_, sharing);
    if (!made) return std::move(made).error();
    listener_ = std::move(*made);
    port_ = listener_->port();
    return Ok();
  }
  std::uint16_t port() const { return port_; }

  Result<void> Start(http::Service& service) {
    end_ = std::make_unique<http::CrossingEnd>(main_, limits_, service);
    try {
      thread_ = std::thread([this, end = end_->address()] { Run(end); });
    } catch (const std::system_error& failure) {
      return Internal(fmt::format("start a thread: {}", failure.what()));
    }
    return Ok();
  }

  /// Asks the thread to drain; it says so when it has.
  void BeginDrain() {
    loop_.Post([this] { drain_ = Job(loop_, "drain", DrainServer()); });
  }
  /// Asks the thread to end.
  void Stop() {
    // Posted: a loop that does not run yet forgets Stop().
    loop_.Post([this] { loop_.Stop(); });
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  /// All that the thread does.
  void Run(const MailAddress<http::crossing::Message>& end) {
    http::CrossingService crossing(loop_, limits_, end);
    http::Server server(loop_, limits_, std::move(listener_), crossing);
    server_ = &server;
    server.Start();
    loop_.Run();
    drain_.Cancel();
  }

  Task<void> DrainServer() {
    co_await server_->Drain();
    on_drained_.Post({true});
  }

  net::Loop& main_;
  const Limits& limits_;
  net::Loop loop_;
  const MailAddress<bool> on_drained_;
  std::unique_ptr<http::CrossingEnd> end_;  ///< The main loop's.
  std::uint16_t port_ = 0;

  // The thread's own, once it runs.
  std::unique_ptr<net::Listener> listener_;
  http::Server* server_ = nullptr;
  Job drain_;

  std::thread thread_;
};

FrontLoops::FrontLoops(net::Loop& main, const Limits& limits)
    : main_(main), limits_(limits), drained_(main), drained_box_(main, [this](auto) {
        if (--undrained_ == 0) drained_.Set();
      }) {}

Result<std::unique_ptr<FrontLoops>> FrontLoops::Open(net::Loop& main, const net::HostPort& address,
                                                     net::TlsServer* tls, const Limits& limits,
                                                     std::size_t count) {
  std::unique_ptr<FrontLoops> all(new FrontLoops(main, LimitsOfOne(limits, count)));
  net::HostPort shared = address;
  for (std::size_t i = 0; i < count; ++i) {
    auto front = std::make_unique<Front>(main, all->limits_, all->drained_box_.address());
    auto listening =
        front->Listen(shared, tls, i == 0 ? net::PortSharing::kFirst : net::PortSharing::kShared);
    if (!listening) return std::move(listening).error();
    shared.port = front->port();  // Port 0: all take the first one's.
    all->fronts_.push_back(std::move(front));
  }
  return all;
}

FrontLoops::~FrontLoops() {
  for (const auto& front : fronts_) front->Stop();
  for (const auto& front : fronts_) front->Join();
}

Result<void> FrontLoops::Start(http::Service& service) {
  for (const auto& front : fronts_) {
    auto started = front->Start(service);
    if (!started) return started;
  }
  return Ok();
}

Task<void> FrontLoops::Drain() {
  undrained_ = fronts_.size();
  for (const auto& front : fronts_) front->BeginDrain();
  // Each has a limit of its own, so this one only bounds a thread that hangs.
  auto drained = co_await WithDeadline(main_, 2 * limits_.drain_grace, "drain", UntilSet(drained_));
  if (!drained) LogError("a front loop hangs: {}", drained.error().message);
}

std::uint16_t FrontLoops::port() const { return fronts_.front()->port(); }

}  // namespace berth::hub
