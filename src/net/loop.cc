#include "net/loop.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/check.h"
#include "net/fd_watch.h"

namespace berth::net {
namespace {

constexpr int kEventsPerTurn = 256;

/// At start only: nothing works without it.
int Made(int descriptor) {
  CHECK(descriptor >= 0);
  return descriptor;
}

}  // namespace

Loop::Loop(Duration busy_poll)
    : busy_poll_(busy_poll),
      poll_descriptor_(Made(epoll_create1(EPOLL_CLOEXEC))),
      interrupt_descriptor_(Made(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  epoll_event event{};
  // Edge-triggered, each write reports again, so nobody has to read it.
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  CHECK(epoll_ctl(poll_descriptor_, EPOLL_CTL_ADD, interrupt_descriptor_, &event) == 0);
}

Loop::~Loop() {
  // What was deferred or posted may own streams, which must go before the poll set, and may defer
  // or post more on its way out.
  do {
    RunReady();
    const auto dropped = std::exchange(posted_, {});
  } while (has_ready() || !posted_.empty());
  close(interrupt_descriptor_);
  close(poll_descriptor_);
}

void Loop::Run() {
  is_stopped_ = false;
  while (!is_stopped_) RunTurn();
}

void Loop::Stop() {
  is_stopped_ = true;
  Interrupt();
}

TimePoint Loop::now() const {
  if (!is_in_turn_) return Clock::now();
  if (turn_time_ == TimePoint{}) turn_time_ = Clock::now();
  return turn_time_;
}

void Loop::Post(std::move_only_function<void()> work) {
  bool is_first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    is_first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (is_first) Interrupt();
}

void Loop::Interrupt() {
  const std::uint64_t one = 1;
  // Fails only where the count is at its end, and then the descriptor is readable.
  [[maybe_unused]] const auto written = write(interrupt_descriptor_, &one, sizeof one);
}

int Loop::PollTimeout() const {
  if (has_ready() || has_turn_end()) return 0;
  const auto due = next_due();
  if (!due) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

int Loop::Poll(std::span<epoll_event> events) {
  const auto poll = [&](int timeout) {
    const int count =
        epoll_wait(poll_descriptor_, events.data(), static_cast<int>(events.size()), timeout);
    CHECK(count >= 0 || errno == EINTR);
    return std::max(count, 0);
  };
  const int timeout = PollTimeout();
  if (timeout == 0 || !busy_poll_.is_on()) return poll(timeout);
  const TimePoint begin = Clock::now();
  int count = 0;
  if (busy_poll_.is_worth_it()) {
    do {
      count = poll(0);
      // Whoever works on what we wait for may need this very core.
    } while (count == 0 && (sched_yield(), Clock::now() - begin < busy_poll_.limit()));
  }
  if (count == 0) count = poll(timeout);
  busy_poll_.NoteWait(Clock::now() - begin, count);
  return count;
}

void Loop::RunTurn() {
  std::array<epoll_event, kEventsPerTurn> events;
  const int count = Poll(events);
  turn_time_ = {};
  is_in_turn_ = true;
  bool is_interrupted = false;
  Enter([&] {
    // Delivering only sets Events, so no watch can go away before the last one is served.
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        is_interrupted = true;
      } else {
        static_cast<FdWatch*>(event.data.ptr)->Deliver(event.events);
      }
    }
  });
  if (is_interrupted) RunPosted();
  if (next_due()) RunTimers();
  if (has_turn_end()) RunTurnEnd();
  is_in_turn_ = false;
}

void Loop::RunPosted() {
  std::vector<std::move_only_function<void()>> all;
  {
    const std::lock_guard lock(posted_mutex_);
    all.swap(posted_);
  }
  for (auto& work : all) {
    Enter(work);
    work = nullptr;  // What it holds may be the last thing that owns a stream.
  }
}

}  // namespace berth::net
