// HtmlTag: one tag of a page, as the tokenizer hands it out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::rewrite {

struct HtmlTag {
  /// Where an attribute's name and value lie in `text`. Without a value, its size is 0.
  struct Attribute {
    std::uint32_t name, name_size, value, value_size;
  };

  std::string text;  ///< From its '<' to its '>'.
  std::string name;  ///< Lower case, cut at 32 bytes.
  bool is_end = false;
  /// It is longer than kLongestTag: `text` and `attributes` are what had been read by then, while
  /// it is written; afterwards there are none. The rest of it passes through.
  bool is_cut = false;
  std::vector<Attribute> attributes;

  std::string_view NameOf(const Attribute& attribute) const {
    return std::string_view(text).substr(attribute.name, attribute.name_size);
  }
  /// Still HTML-encoded, without its quotes.
  std::string_view ValueOf(const Attribute& attribute) const {
    return std::string_view(text).substr(attribute.value, attribute.value_size);
  }
  /// The first attribute of that lower-case name; null if there is none.
  const Attribute* Find(std::string_view wanted) const;
  /// Its value; "" if there is none.
  std::string_view ValueOf(std::string_view wanted) const;
};

}  // namespace berth::rewrite
