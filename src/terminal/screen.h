// Screen: what standard output is: a terminal with a width and colours, or a file or pipe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace berth::terminal {

/// Meanings, not colours: the words always say the same.
enum class Ink {
  kPlain,
  kDim,
  kBold,
  kAlert,  ///< Somebody is waited for.
  kBad,
  kBusy,
  kGood,
};

struct Screen {
  bool is_terminal = false;
  bool has_colours = false;
  /// Columns and lines of the terminal; nothing if it is none.
  std::optional<std::size_t> columns = {};
  std::optional<std::size_t> lines = {};

  /// `text` in that ink, where there are colours.
  std::string Paint(Ink ink, std::string_view text) const;
};

/// Standard output as it is now. No colours with NO_COLOR (of any value but "") or TERM=dumb.
Screen StandardOutput();

}  // namespace berth::terminal
