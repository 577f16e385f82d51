// H2Window: how far a stream's receive window grows on a long link, and on a fast one.
//
// A window bounds what a stream may have under way, so a fixed one bounds its speed to a window a
// round trip. It is doubled while its reader uses a whole window within a few round trips: then the
// window, and not the reader, is what the sender waits for. On a short link it is doubled, up to
// kFastWindow, while a reader that has used kFastAfter bytes uses one in no time: a small window
// would have the two ends wake each other for every other piece. A reader that is slower than
// either leaves it as it is, and one that has become slow loses it again, so that nothing more
// waits in memory for it, and its credit does not come in bursts that hold up others. All growth of
// a thread comes out of one budget until the window is destroyed: keep it with what it let in. Not
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
  /// Bytes that a reader must have used before it counts as fast: more than the kernel takes for
  /// one that reads nothing.
  static constexpr std::uint64_t kFastAfter = 16 * 1024 * 1024;

  /// `initial` is the window that the stream begins with, in bytes.
  explicit H2Window(std::uint32_t initial) : initial_(initial), window_(initial) {}
  ~H2Window();
  H2Window(const H2Window&) = delete;
  H2Window& operator=(const H2Window&) = delete;

  struct Step {
    std::optional<std::uint32_t> window = {};  ///< The new one, if it changes. To be set first.
    std::size_t credit = 0;                    ///< The bytes to be counted as consumed.
  };
  /// The reader used `bytes` more. `round_trip` is the shortest that was seen, nothing while none
  /// was.
  Step Use(std::size_t bytes, TimePoint now, std::optional<Duration> round_trip,
           const Limits& limits);

  /// Whether the round trip is worth measuring: much of a window was used.
  bool is_busy() const { return used_ >= window_ / 2; }

 private:
  /// The window that follows one that was used in `elapsed`.
  std::uint32_t Next(Duration elapsed, std::optional<Duration> round_trip,
                     const Limits& limits) const;
  void Change(std::uint32_t window, Step& step);
  /// Of the budget: what the peer may send beyond the initial window, now or until credit was held
  /// back for a smaller one.
  std::size_t granted() const { return window_ - initial_ + (reduced_ - held_); }

  const std::uint32_t initial_;
  std::uint32_t window_;
  std::size_t used_ = 0;     ///< Since since_.
  std::uint64_t moved_ = 0;  ///< In all, or since it last became smaller.
  // A smaller window becomes true by holding credit back: nghttp2, told of it, only counts anew.
  std::size_t reduced_ = 0;  ///< How much smaller, and not grown again since.
  std::size_t held_ = 0;     ///< Credit that was held back for that.
  TimePoint since_;
};

}  // namespace berth::http
