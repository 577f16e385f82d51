#include "net/loop.h"

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <deque>
#include <optional>

#include "base/check.h"
#include "base/event.h"
#include "net/fd_watch.h"

namespace berth::net {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr int kEventsPerTurn = 256;
constexpr std::size_t kSignalsKept = 16;

int MakePollDescriptor() {
  const int descriptor = epoll_create1(EPOLL_CLOEXEC);
  CHECK(descriptor >= 0);  // At start only: nothing works without it.
  return descriptor;
}

}  // namespace

struct Loop::Impl {
  explicit Impl(Loop& loop)
      : timer(context), descriptors(context, MakePollDescriptor()), signal_came(loop) {}

  asio::io_context context{1};  // One thread runs it; posting from others stays allowed.
  asio::executor_work_guard<asio::io_context::executor_type> guard = asio::make_work_guard(context);
  asio::steady_timer timer;
  TimePoint timer_due = TimePoint::max();      ///< What `timer` waits for; max: nothing.
  asio::posix::stream_descriptor descriptors;  ///< The epoll set.
  std::array<epoll_event, kEventsPerTurn> events{};
  std::optional<asio::signal_set> signals;
  std::deque<int> signals_kept;
  Event signal_came;
};

Loop::Loop() : impl_(std::make_unique<Impl>(*this)) {
  poll_descriptor_ = impl_->descriptors.native_handle();
  AwaitDescriptors();
}

Loop::~Loop() {
  RunReady();  // What was deferred may own streams, which must go before the context.
}

void Loop::Run() {
  impl_->context.restart();
  impl_->context.run();
}

void Loop::Stop() { impl_->context.stop(); }

TimePoint Loop::now() const {
  if (!is_in_turn_) return Clock::now();
  if (turn_time_ == TimePoint{}) turn_time_ = Clock::now();
  return turn_time_;
}

void Loop::Post(std::move_only_function<void()> work) {
  asio::post(impl_->context, [this, moved = std::move(work)]() mutable { Dispatch(moved); });
}

asio::io_context& Loop::context() { return impl_->context; }

void Loop::WakeForReady() {
  asio::post(impl_->context, [this] { Dispatch([] {}); });
}

void Loop::WakeForTurnEnd() {
  // Posted, it runs behind every handler that is ready now.
  asio::post(impl_->context, [this] {
    BeginTurn();
    RunTurnEnd();
    EndTurn();
  });
}

void Loop::WakeAt(TimePoint due) {
  // One Asio timer for all, moved only when it would ring too late: a disarmed or postponed Timer
  // costs an early ring at most, and most timers are postponed again and again.
  if (due >= impl_->timer_due) return;
  impl_->timer_due = due;
  impl_->timer.expires_at(due);
  impl_->timer.async_wait([this](const ErrorCode& error) {
    if (!error) OnTimer();
  });
}

void Loop::OnTimer() {
  BeginTurn();
  impl_->timer_due = TimePoint::max();
  const std::optional<TimePoint> next = RunTimers();
  EndTurn();
  if (next) WakeAt(*next);
}

void Loop::AwaitDescriptors() {
  impl_->descriptors.async_wait(asio::posix::descriptor_base::wait_read,
                                [this](const ErrorCode& error) {
                                  if (error) return;
                                  DeliverDescriptors();
                                  AwaitDescriptors();
                                });
}

void Loop::DeliverDescriptors() {
  auto& events = impl_->events;
  const int count = epoll_wait(poll_descriptor(), events.data(), kEventsPerTurn, 0);
  if (count <= 0) return;
  Dispatch([&events, count] {
    // Delivering only sets Events, so no watch can go away before the last one is served.
    for (int i = 0; i < count; ++i) {
      static_cast<FdWatch*>(events[static_cast<std::size_t>(i)].data.ptr)
          ->Deliver(events[static_cast<std::size_t>(i)].events);
    }
  });
}

Task<int> Loop::NextSignal() {
  if (!impl_->signals) {
    impl_->signals.emplace(impl_->context, SIGTERM, SIGINT, SIGHUP);
    AwaitSignal();
  }
  while (impl_->signals_kept.empty()) {
    impl_->signal_came.Reset();
    co_await impl_->signal_came.Wait();
  }
  const int number = impl_->signals_kept.front();
  impl_->signals_kept.pop_front();
  co_return number;
}

void Loop::AwaitSignal() {
  impl_->signals->async_wait([this](const ErrorCode& error, int number) {
    if (error) return;
    Dispatch([this, number] {
      if (impl_->signals_kept.size() < kSignalsKept) impl_->signals_kept.push_back(number);
      impl_->signal_came.Set();
    });
    AwaitSignal();
  });
}

}  // namespace berth::net
