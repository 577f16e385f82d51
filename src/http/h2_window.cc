#include "http/h2_window.h"

#include <algorithm>

namespace berth::http {
namespace {

// Nearer than that, the initial window is enough: 256 KiB every 4 ms are 500 Mbit/s.
constexpr std::chrono::milliseconds kFar{4};
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
  if (!round_trip || *round_trip < kFar) return std::nullopt;
  if (elapsed > kRoundTripsPerWindow * std::min<Duration>(*round_trip, kFarthest)) {
    return std::nullopt;
  }
  if (window_ >= limits.tunnel_window || granted_in_all >= limits.tunnel_windows) {
    return std::nullopt;
  }
  const auto more = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      {window_, limits.tunnel_window - window_, limits.tunnel_windows - granted_in_all}));
  window_ += more;
  granted_ += more;
  granted_in_all += more;
  return window_;
}

}  // namespace berth::http
