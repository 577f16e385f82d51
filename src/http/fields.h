// Fields: the header fields of a message, in order, duplicates kept (RFC 9110, section 5).
//
// Names are lower case (as HTTP/2 sends them; HTTP/1.1 does not care), compared byte for byte. All
// text lives in one buffer per message, so a head costs two allocations however many fields it has.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pool.h"

namespace berth::http {

class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  /// Makes room for that many fields of `text` bytes in all, so that adding them allocates nothing.
  void Reserve(std::size_t text, std::size_t fields) {
    text_.reserve(text);
    entries_.reserve(fields);
  }
  /// Appends a field. `name` is stored in lower case. Both are taken as they are: the parsers check
  /// names and values of peers, and what we send ourselves is ours.
  void Add(std::string_view name, std::string_view value);
  /// Removes every field of that name, then adds this one. `name` must be lower case.
  void Set(std::string_view name, std::string_view value);
  /// Removes every field of that (lower-case) name; returns how many there were.
  std::size_t Remove(std::string_view name);
  /// Removes every field for which `predicate(Field)` is true.
  template <class Predicate>
  void RemoveIf(Predicate predicate);

  /// The first value of that (lower-case) name.
  std::optional<std::string_view> Find(std::string_view name) const;
  bool Has(std::string_view name) const { return Find(name).has_value(); }
  std::size_t Count(std::string_view name) const;
  /// Whether a comma-separated list field of that name contains `token`, ignoring case, over all
  /// fields of that name (RFC 9110, section 5.6.1).
  bool HasToken(std::string_view name, std::string_view token) const;

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  /// Views into this object, valid until it changes. REQUIRES: index < size().
  Field operator[](std::size_t index) const {
    const Entry& entry = entries_[index];
    return {{text_.data() + entry.name, entry.name_size}, ValueOf(entry)};
  }

  /// For range-for: `for (auto [name, value] : fields)`. Do not change the fields meanwhile.
  class Iterator {
   public:
    Iterator(const Fields& fields, std::size_t index) : fields_(&fields), index_(index) {}
    Field operator*() const { return (*fields_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const Fields* fields_;
    std::size_t index_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, entries_.size()}; }

 private:
  struct Entry {
    std::uint32_t name, name_size, value, value_size;
  };
  /// As Add. REQUIRES: there is room.
  void Append(std::string_view name, std::string_view value);
  std::string_view ValueOf(const Entry& entry) const {
    return {text_.data() + entry.value, entry.value_size};
  }
  /// Most names differ in size or in their last byte (most that are as long begin alike).
  bool HasName(const Entry& entry, std::string_view name) const {
    return entry.name_size == name.size() &&
           (name.empty() || (text_[entry.name + name.size() - 1] == name.back() &&
                             std::memcmp(&text_[entry.name], name.data(), name.size()) == 0));
  }
  using Text = std::basic_string<char, std::char_traits<char>, PoolAllocator<char>>;

  Text text_;
  std::vector<Entry, PoolAllocator<Entry>> entries_;
};

template <class Predicate>
void Fields::RemoveIf(Predicate predicate) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (predicate((*this)[i])) continue;
    if (kept != i) entries_[kept] = entries_[i];
    ++kept;
  }
  entries_.resize(kept);
}

/// ASCII comparison without case.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
/// Without leading and trailing spaces and tabs (OWS).
inline std::string_view TrimOws(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace berth::http
