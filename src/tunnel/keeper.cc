#include "tunnel/keeper.h"

namespace berth::tunnel {

Keeper::Keeper(Executor& executor, const Limits& limits, const HubAddress& hub,
               http::Service& dialer, http::Service& streams, Observer& observer,
               Backoff::Random random)
    : executor_(executor),
      limits_(limits),
      hub_(hub),
      dialer_(dialer),
      streams_(streams),
      observer_(observer),
      backoff_(limits.reconnect_min, std::move(random)),
      wake_(executor) {}

Keeper::~Keeper() = default;

Task<Error> Keeper::Run() {
  for (;;) {
    Error why = co_await RunOnce();
    is_begun_anew_ = std::exchange(is_cut_short_, false) && !is_draining_;
    if (is_begun_anew_) continue;
    const bool is_over = is_draining_ || why.kind == ErrorKind::kCancelled;
    if (is_over) {
      Report({.kind = TunnelState::Kind::kEnded, .reason = why.message});
      co_return Cancelled(std::move(why).message);
    }
    TunnelState next = AfterLoss(why);
    const Duration delay = next.retry_in;
    Report(std::move(next));
    co_await WaitBefore(delay);
    if (is_draining_) {
      Report({.kind = TunnelState::Kind::kEnded, .reason = "drained"});
      co_return Cancelled("drained");
    }
  }
}

// One attempt: from dialling to the end of the tunnel.
Task<Error> Keeper::RunOnce() {
  Report({.kind = TunnelState::Kind::kConnecting});
  is_untrusted_ = false;
  AgentLink::Observer& self = *this;
  link_ = std::make_unique<AgentLink>(executor_, limits_, hub_, observer_.OnRegister(), dialer_,
                                      streams_, self);
  Error why = co_await link_->Run();
  const bool was_stable = state_.kind == TunnelState::Kind::kConnected &&
                          executor_.now() - connected_at_ >= limits_.reconnect_stable;
  if (was_stable) backoff_.Reset();
  was_answered_ = link_->is_answered();
  link_.reset();
  co_return why;
}

TunnelState Keeper::AfterLoss(const Error& why) {
  TunnelState next{.kind = TunnelState::Kind::kWaiting, .reason = why.message};
  if (is_untrusted_) {
    next.kind = TunnelState::Kind::kUntrusted;
  } else if (why.kind == ErrorKind::kUnauthorized) {
    next.kind = TunnelState::Kind::kUnauthorized;
  } else if (why.kind == ErrorKind::kForbidden) {
    next.kind = TunnelState::Kind::kRefused;
  } else if (why.kind == ErrorKind::kConflict) {
    next.kind = TunnelState::Kind::kFenced;
  }
  if (next.kind != TunnelState::Kind::kWaiting) {
    next.retry_in = limits_.reconnect_refused;
    return next;
  }
  // An attempt that nobody answers costs next to nothing, and only frequent ones notice soon that
  // the hub is back. What answers, and cannot take us or loses us, is spared.
  // A name that nobody knows may be one of a network that is not there yet.
  const bool is_away =
      !was_answered_ && (why.kind == ErrorKind::kUnavailable || why.kind == ErrorKind::kTimeout ||
                         why.kind == ErrorKind::kNotFound);
  next.retry_in = backoff_.Next(is_away ? limits_.reconnect_away : limits_.reconnect_max);
  return next;
}

Task<void> Keeper::WaitBefore(Duration delay) {
  wake_.Reset();
  Timer timer([this] { wake_.Set(); });
  executor_.ArmAfter(timer, delay);
  co_await wake_.Wait();
}

void Keeper::Report(TunnelState state) {
  state_ = std::move(state);
  observer_.OnState(state_);
}

Result<void> Keeper::CheckHub(const control::Registered& registered) {
  auto checked = observer_.CheckHub(registered);
  is_untrusted_ = !checked.has_value();
  return checked;
}

void Keeper::OnRegistered(const control::Registered& registered) {
  connected_at_ = executor_.now();
  Report({.kind = TunnelState::Kind::kConnected});
  observer_.OnRegistered(registered);
}

void Keeper::OnMessage(const control::Message& message) { observer_.OnMessage(message); }

void Keeper::NetworkChanged() {
  if (state_.kind == TunnelState::Kind::kWaiting) wake_.Set();
  if (!link_) return;
  if (link_->is_registered()) {
    link_->Ping();
  } else if (!link_->is_told() && !is_begun_anew_ && !std::exchange(is_cut_short_, true)) {
    link_->Drain("the network changed");
  }
}

Result<void> Keeper::Send(const control::Message& message) {
  if (!link_) return Unavailable("not connected to the hub");
  return link_->Send(message);
}

void Keeper::Drain(std::string_view why) {
  if (std::exchange(is_draining_, true)) return;
  wake_.Set();
  if (link_) link_->Drain(why);
}

std::optional<Duration> Keeper::latency() const {
  if (!link_) return std::nullopt;
  return link_->latency();
}

}  // namespace berth::tunnel
