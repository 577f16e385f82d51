// H2Window: how far a stream's receive window grows on a long link, and on a fast one.
//
// A window bounds what a stream may have under way, so a fixed one bounds its speed to a window a
// round trip. It is doubled while its reader uses a whole window within a few round trips: then the
// window, and not the reader, is what the sender waits for. On a short link it is doubled, up to
// kFastWindow, while its reader uses one in no time: a small window would have the two ends wake
// each other for every other piece. A reader that is slower than either leaves it as it is, so that
// nothing more waits in memory for it. All growth of a thread comes out of one budget. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/executor.h"
#include "base/limits.h"

namespace berth::http {

class H2Window {
 public:
  /// The most that a window grows to because its reader is fast, in bytes.
  static constexpr std::uint32_t kFastWindow = 4 * 1024 * 1024;

  /// `initial` is the window that the stream begins with, in bytes.
  explicit H2Window(std::uint32_t initial) : window_(initial) {}
  ~H2Window();
  H2Window(const H2Window&) = delete;
  H2Window& operator=(const H2Window&) = delete;

  /// The reader used `bytes` more. Gives the new window, if it grows. `round_trip` is the shortest
  /// that was seen, nothing while none was.
  std::optional<std::uint32_t> Use(std::size_t bytes, TimePoint now,
                                   std::optional<Duration> round_trip, const Limits& limits);

  /// Whether the round trip is worth measuring: much of a window was used.
  bool is_busy() const { return used_ >= window_ / 2; }

 private:
  /// How large the window may be if its reader took `elapsed` to use one.
  std::uint32_t Most(Duration elapsed, std::optional<Duration> round_trip,
                     const Limits& limits) const;

  std::uint32_t window_;
  std::uint32_t granted_ = 0;  ///< Of the budget.
  std::size_t used_ = 0;       ///< Since since_.
  TimePoint since_;
};

}  // namespace berth::http
