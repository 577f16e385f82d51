#include "http/h2_window.h"

#include <algorithm>
#include <utility>

namespace berth::http {
namespace {

// Nearer than that, a window does not bound its sender.
constexpr std::chrono::milliseconds kFar{4};
// 256 KiB in 8 ms are 250 Mbit/s, 2 MiB are 2 Gbit/s: within a machine, or nearly.
constexpr std::chrono::milliseconds kInNoTime{8};
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

/// Whether a window that was used in `elapsed` is what its sender waits for.
bool BoundsSender(Duration elapsed, std::optional<Duration> round_trip) {
  return round_trip && *round_trip >= kFar &&
         elapsed <= kRoundTripsPerWindow * std::min<Duration>(*round_trip, kFarthest);
}

/// Whether a window is for a faster reader than one who took `elapsed` to use it, or a part of it.
bool IsTooLarge(std::uint32_t window, Duration elapsed, std::optional<Duration> round_trip) {
  const Duration scaled = elapsed / kMuchSlower;
  const bool is_fast = scaled <= kInNoTime && window <= H2Window::kFastWindow;
  return !is_fast && !BoundsSender(scaled, round_trip);
}

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
  moved_ += bytes;
  // A large window need not be used up for it to show that it is too large.
  const bool is_late = window_ > initial_ && IsTooLarge(window_, now - since_, round_trip);
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
    moved_ = 0;
    reduced_ += before - window_;
  } else {
    reduced_ -= std::min<std::size_t>(reduced_, window_ - before);
    step.credit += held_ - std::min(held_, reduced_);
    held_ = std::min(held_, reduced_);
  }
}

std::uint32_t H2Window::Next(Duration elapsed, std::optional<Duration> round_trip,
                             const Limits& limits) const {
  std::uint64_t most = 0;
  if (BoundsSender(elapsed, round_trip)) {
    most = kLargest;
  } else if (elapsed <= kInNoTime && moved_ >= kFastAfter) {
    most = kFastWindow;
  }
  most = std::min<std::uint64_t>(most, limits.tunnel_window);
  if (window_ < most) {
    const std::uint64_t left =
        limits.tunnel_windows - std::min(granted_in_all, limits.tunnel_windows);
    return window_ +
           static_cast<std::uint32_t>(std::min<std::uint64_t>({window_, most - window_, left}));
  }
  std::uint32_t next = window_;
  while (next > initial_ && IsTooLarge(next, elapsed, round_trip)) {
    next /= 2;
    elapsed /= 2;  // What half of it would have taken.
  }
  return std::max(initial_, next);
}

}  // namespace berth::http
