#include "http/h2_window.h"

#include <algorithm>
#include <utility>

namespace berth::http {
namespace {

// Nearer than that, a window does not bound its sender.
constexpr std::chrono::milliseconds kFar{4};
// 256 KiB in 4 ms are 500 Mbit/s, 2 MiB are 4 Gbit/s: within a machine, or nearly.
constexpr std::chrono::milliseconds kInNoTime{4};
// No link is longer. A peer that answers late on purpose gets no larger windows for slow readers.
constexpr std::chrono::seconds kFarthest{1};
// A window stays for a reader of a quarter of the speed that would make it grow, and so of half of
// the speed that made it.
constexpr int kMuchSlower = 4;
// Credit comes in halves of a window, so a window that bounds its sender is used in two round
// trips.
constexpr int kRoundTripsPerWindow = 4;

constexpr std::uint64_t kLargest = 0x7fff'ffff;  // RFC 9113, section 6.9.1.

thread_local std::uint64_t granted_in_all = 0;

}  // namespace

H2Window::~H2Window() { granted_in_all -= granted(); }

H2Window::Step H2Window::Use(std::size_t bytes, TimePoint now, std::optional<Duration> round_trip,
                             const Limits& limits) {
  const std::size_t had = granted();
  const std::size_t held = std::min(bytes, reduced_ - held_);
  held_ += held;
  Step step{.credit = bytes - held};
  if (used_ == 0) since_ = now;
  used_ += bytes;
  // A large window need not be used up for it to show that it is too large.
  const bool is_late = granted() > 0 && LosesSize(now - since_, round_trip, limits);
  if (used_ >= window_ || is_late) {
    used_ = 0;
    Change(Next(now - since_, round_trip, limits), step);
  }
  granted_in_all += granted();
  granted_in_all -= had;
  return step;
}

void H2Window::Change(std::uint32_t window, Step& step) {
  const std::uint32_t before = std::exchange(window_, window);
  if (window_ == before) return;
  step.window = window_;
  if (window_ < before) {
    reduced_ += before - window_;
  } else {
    reduced_ -= std::min<std::size_t>(reduced_, window_ - before);
    step.credit += held_ - std::min(held_, reduced_);
    held_ = std::min(held_, reduced_);
  }
}

bool H2Window::LosesSize(Duration elapsed, std::optional<Duration> round_trip,
                         const Limits& limits) const {
  return window_ > initial_ && window_ > Most(elapsed / kMuchSlower, round_trip, limits);
}

std::uint32_t H2Window::Next(Duration elapsed, std::optional<Duration> round_trip,
                             const Limits& limits) const {
  if (const std::uint32_t most = Most(elapsed, round_trip, limits); window_ < most) {
    const std::uint64_t left =
        limits.tunnel_windows - std::min(granted_in_all, limits.tunnel_windows);
    return window_ +
           static_cast<std::uint32_t>(std::min<std::uint64_t>({window_, most - window_, left}));
  }
  std::uint32_t next = window_;
  while (next > initial_ && next > Most(elapsed / kMuchSlower, round_trip, limits)) {
    next /= 2;
    elapsed /= 2;  // What half of it would have taken.
  }
  return std::max(initial_, next);
}

std::uint32_t H2Window::Most(Duration elapsed, std::optional<Duration> round_trip,
                             const Limits& limits) const {
  const auto largest =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(limits.tunnel_window, kLargest));
  if (round_trip && *round_trip >= kFar &&
      elapsed <= kRoundTripsPerWindow * std::min<Duration>(*round_trip, kFarthest)) {
    return largest;
  }
  return elapsed <= kInNoTime ? std::min(largest, kFastWindow) : 0;
}

}  // namespace berth::http
