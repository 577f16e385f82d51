// Secret: text that must not be seen: tokens, codes, cookie values.
//
// It cannot be printed, formatted, compared or copied by accident, and wipes its memory when it
// goes. Whoever needs the text says so: Reveal().
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace berth {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : text_(text.begin(), text.end()) {}
  ~Secret() { Wipe(); }
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.text_.clear(); }
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  /// A second holder of the same text.
  Secret Copy() const { return Secret(Reveal()); }
  /// The text, valid as long as this object. Never hand it to a logger.
  std::string_view Reveal() const { return {text_.data(), text_.size()}; }
  bool empty() const { return text_.empty(); }

 private:
  void Wipe() noexcept;

  // Not a std::string: moving a short one leaves its bytes behind.
  std::vector<char> text_;
};

}  // namespace berth
