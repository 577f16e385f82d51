// ListMembers: goes through a field whose value is a list (RFC 9110, section 5.6.1).
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

#include "http/fields.h"

namespace berth::http {

/// What stands between the commas of `value`, without white space around it: for a range-for. There
/// may be empty members, which mean nothing. Knows no quoted strings: for lists of tokens, and of
/// directives of which none that matters is quoted. `value` must outlive it and what it gives.
class ListMembers {
 public:
  class Iterator {
   public:
    explicit Iterator(std::string_view rest) : rest_(rest) {}
    std::string_view operator*() const { return TrimOws(rest_.substr(0, comma_)); }
    Iterator& operator++() {
      rest_.remove_prefix(std::min(comma_ + 1, rest_.size()));
      comma_ = NextComma();
      return *this;
    }
    bool operator==(std::default_sentinel_t) const { return rest_.empty(); }

   private:
    std::size_t NextComma() const { return std::min(rest_.find(','), rest_.size()); }

    std::string_view rest_;
    std::size_t comma_ = NextComma();
  };

  explicit ListMembers(std::string_view value) : value_(value) {}
  Iterator begin() const { return Iterator(value_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::string_view value_;
};

}  // namespace berth::http
