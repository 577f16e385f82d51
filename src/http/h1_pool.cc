#include "http/h1_pool.h"

namespace berth::http {
namespace {

// Exchanges that may wait for a connection.
constexpr std::size_t kMaxWaiting = 1024;

}  // namespace

H1Pool::Lease& H1Pool::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    Drop();
    pool_ = std::move(other.pool_);
    connection_ = std::move(other.connection_);
  }
  return *this;
}

void H1Pool::Lease::Drop() {
  connection_.reset();
  if (pool_) std::exchange(pool_, nullptr)->FreeSlot();
}

void H1Pool::Lease::GiveBack() {
  auto pool = std::exchange(pool_, nullptr);
  pool->Return(std::move(connection_));
}

Task<Result<void>> H1Pool::Lease::Reconnect() {
  connection_.reset();
  auto stream = co_await pool_->connector_();
  if (!stream) co_return std::move(stream).error();
  connection_ = std::make_unique<H1Connection>(std::move(*stream));
  co_return Ok();
}

H1Pool::H1Pool(Executor& executor, const Limits& limits, H1Client::Connector connector)
    : executor_(executor),
      limits_(limits),
      connector_(std::move(connector)),
      sweep_timer_([this] { Sweep(); }) {}

Task<Result<void>> H1Pool::AwaitTicket(Ticket& ticket) {
  co_await ticket.ready.Wait();
  co_return Ok();
}

Task<Result<H1Pool::Lease>> H1Pool::Acquire() {
  auto self = shared_from_this();
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    connection->watch.Reset();
    Lease lease(self, std::move(connection));
    if (!lease.connection().is_broken) co_return std::move(lease);
  }
  Lease lease;
  if (open_ < limits_.instance_connections) {
    ++open_;
    lease = Lease(self, nullptr);
  } else {
    if (waiting_.size() >= kMaxWaiting) co_return Unavailable("too many wait for a connection");
    Ticket ticket(executor_);
    waiting_.push_back(ticket);
    auto ready = co_await WithDeadline(executor_, limits_.response_timeout,
                                       "wait for a free connection", AwaitTicket(ticket));
    if (!ready && !ticket.lease.pool_) co_return std::move(ready).error();
    lease = std::move(ticket.lease);
  }
  if (!lease) {
    auto opened = co_await lease.Reconnect();
    if (!opened) co_return std::move(opened).error();
  }
  co_return std::move(lease);
}

void H1Pool::Return(std::unique_ptr<H1Connection> connection) {
  connection->is_reused = true;
  if (!waiting_.empty() && !is_closed_) {
    Ticket& next = waiting_.front();
    waiting_.pop_front();
    next.lease = Lease(shared_from_this(), std::move(connection));
    next.ready.Set();
    return;
  }
  if (is_closed_) {
    connection.reset();
    FreeSlot();
    return;
  }
  connection->writer.Trim();
  connection->idle_since = executor_.now();
  H1Connection& kept = *connection;
  idle_.push_back(std::move(connection));
  if (!sweep_timer_.is_armed()) executor_.ArmAfter(sweep_timer_, limits_.instance_idle);
  kept.watch = Watch(kept);
  kept.watch.Start();
}

void H1Pool::FreeSlot() {
  if (waiting_.empty()) {
    --open_;
    return;
  }
  Ticket& next = waiting_.front();
  waiting_.pop_front();
  next.lease = Lease(shared_from_this(), nullptr);
  next.ready.Set();
}

Task<void> H1Pool::Watch(H1Connection& connection) {
  // Whatever it is, it is no answer to a request.
  (void)co_await connection.reader.Fill();
  connection.is_broken = true;
  executor_.Defer([pool = weak_from_this()] {
    if (auto self = pool.lock()) self->Sweep();
  });
}

void H1Pool::Sweep() {
  const TimePoint expired = executor_.now() - limits_.instance_idle;
  const std::size_t dropped = std::erase_if(idle_, [&](const auto& connection) {
    return connection->is_broken || connection->idle_since <= expired;
  });
  for (std::size_t i = 0; i < dropped; ++i) FreeSlot();
  if (idle_.empty()) {
    sweep_timer_.Disarm();
  } else {
    executor_.Arm(sweep_timer_, idle_.front()->idle_since + limits_.instance_idle);
  }
}

void H1Pool::Close() {
  is_closed_ = true;
  sweep_timer_.Disarm();
  const std::size_t dropped = idle_.size();
  idle_.clear();
  for (std::size_t i = 0; i < dropped; ++i) FreeSlot();
}

}  // namespace berth::http
