#include "http/h2_window.h"

#include <algorithm>

namespace berth::http {
namespace {

// Nearer than that, a window does not bound its sender.
constexpr std::chrono::milliseconds kFar{4};
// 256 KiB in 4 ms are 500 Mbit/s, 2 MiB are 4 Gbit/s: within a machine, or nearly.
constexpr std::chrono::milliseconds kInNoTime{4};
// No link is longer. A peer that answers late on purpose gets no larger windows for slow readers.
constexpr std::chrono::seconds kFarthest{1};
// Credit comes in halves of a window, so a window that bounds its sender is used in two round
// trips.
constexpr int kRoundTripsPerWindow = 4;

thread_local std::uint64_t granted_in_all = 0;

}  // namespace

H2Window::~H2Window() { granted_in_all -= granted_; }

std::optional<std::uint32_t> H2Window::Use(std::size_t bytes, TimePoint now,
                                           std::optional<Duration> round_trip,
                                           const Limits& limits) {
  if (used_ == 0) since_ = now;
  used_ += bytes;
  if (used_ < window_) return std::nullopt;
  const Duration elapsed = now - since_;
  used_ = 0;
  const std::uint32_t most = Most(elapsed, round_trip, limits);
  if (window_ >= most || granted_in_all >= limits.tunnel_windows) return std::nullopt;
  const auto more = static_cast<std::uint32_t>(
      std::min<std::uint64_t>({window_, most - window_, limits.tunnel_windows - granted_in_all}));
  window_ += more;
  granted_ += more;
  granted_in_all += more;
  return window_;
}

std::uint32_t H2Window::Most(Duration elapsed, std::optional<Duration> round_trip,
                             const Limits& limits) const {
  const auto largest = static_cast<std::uint32_t>(limits.tunnel_window);
  if (round_trip && *round_trip >= kFar &&
      elapsed <= kRoundTripsPerWindow * std::min<Duration>(*round_trip, kFarthest)) {
    return largest;
  }
  return elapsed <= kInNoTime ? std::min(largest, kFastWindow) : 0;
}

}  // namespace berth::http
