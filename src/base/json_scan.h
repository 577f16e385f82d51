// A look at JSON text before it is parsed: how much of what it holds.
//
// Boost.JSON's objects are hash tables whose hash a sender can foresee: keys chosen to collide make
// the time to parse an object grow with the square of its members (32,768 of them, 360 KB:
// seconds). Nothing that others wrote is parsed without a bound on those.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace berth {

/// A walk over JSON text. Of what is not valid it makes something or other, and never leaves it.
class JsonScanner {
 public:
  /// `text` must outlive the scanner.
  explicit JsonScanner(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ >= text_.size(); }
  /// REQUIRES: not at the end.
  char Peek() const { return text_[at_]; }
  void Skip() { ++at_; }
  void SkipSpace();
  /// Skips a string; returns its text with its quotes. REQUIRES: at an opening quote.
  std::string_view TakeString();
  /// Skips one value of any kind; returns its text without the space around it.
  std::string_view TakeValue();

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

struct JsonCounts {
  std::size_t members = 0;  ///< Of all objects: there is one colon for each.
  std::size_t values = 0;   ///< At least as many as there are keys and values in all.
  std::size_t widest = 0;   ///< Members of the object that has the most.
};

/// The deepest nesting at which the members of an object are counted: no parser of ours goes
/// deeper.
inline constexpr std::size_t kDeepestCounted = 32;

/// Of a text that need not be valid: as far as it is, the parser finds no more in it. Stops once
/// there are more than `most_values`.
JsonCounts CountJson(std::string_view text, std::size_t most_values = SIZE_MAX);

}  // namespace berth
