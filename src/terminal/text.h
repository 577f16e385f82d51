// Text for a terminal: what comes from agents is made harmless, and measured in columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::terminal {

/// `text` on one line, as it may be shown: bytes that are no UTF-8, control characters (escape
/// sequences begin with one) and marks that turn the direction of writing become U+FFFD; tabs and
/// line breaks become spaces.
std::string Plain(std::string_view text);

/// The same JSON, with escapes (\u009b) in place of the characters that Plain would not let
/// through. `json` is valid.
std::string PlainJson(std::string_view json);

/// How many columns a Plain text takes.
std::size_t Width(std::string_view plain);

/// Which end of a text that is too long gives way.
enum class Cut {
  kEnd,
  kStart,  ///< For paths: their end says more.
};

/// A Plain text in at most `columns`, with "…" where something was cut off.
std::string Fit(std::string_view plain, std::size_t columns, Cut cut = Cut::kEnd);

}  // namespace berth::terminal
