#include "http/fields.h"

#include <algorithm>
#include <cstring>

namespace berth::http {
namespace {

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Copies `from` in lower case, eight bytes at a time: names are short, and there are many.
void CopyLower(std::string_view from, char* to) {
  std::size_t i = 0;
  for (; i + 8 <= from.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, from.data() + i, 8);
    constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
    // In each byte without its high bit: whether it is at least 'A', and beyond 'Z'.
    const std::uint64_t low = word & (0x7F * kOnes);
    const std::uint64_t is_upper =
        (low + (0x80 - 'A') * kOnes) & ~(low + (0x7F - 'Z') * kOnes) & ~word & (0x80 * kOnes);
    word |= is_upper >> 2;  // 0x20.
    std::memcpy(to + i, &word, 8);
  }
  for (; i < from.size(); ++i) to[i] = Lower(from[i]);
}

}  // namespace

void Fields::Add(std::string_view name, std::string_view value) {
  const std::size_t name_at = text_.size();
  const std::size_t value_at = name_at + name.size();
  const std::size_t end = value_at + value.size();
  // `name` and `value` may be views of this very object: what grows, grows beside it.
  std::string grown;
  const bool is_full = text_.capacity() < end;
  if (is_full) {
    grown.reserve(std::max(text_.size() * 2, end + 512));
    grown.append(text_);
  }
  std::string& text = is_full ? grown : text_;
  text.resize_and_overwrite(end, [&](char* to, std::size_t size) {
    CopyLower(name, to + name_at);
    if (!value.empty()) std::memcpy(to + value_at, value.data(), value.size());
    return size;
  });
  if (is_full) text_ = std::move(grown);
  if (entries_.empty()) entries_.reserve(16);
  entries_.push_back({static_cast<std::uint32_t>(name_at), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value_at),
                      static_cast<std::uint32_t>(value.size())});
}

void Fields::Set(std::string_view name, std::string_view value) {
  Remove(name);
  Add(name, value);
}

std::size_t Fields::Remove(std::string_view name) {
  const std::size_t before = size();
  RemoveIf([&](const Field& field) { return field.name == name; });
  return before - size();
}

std::optional<std::string_view> Fields::Find(std::string_view name) const {
  for (const auto& field : *this) {
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

std::size_t Fields::Count(std::string_view name) const {
  std::size_t count = 0;
  for (const auto& field : *this) count += field.name == name ? 1 : 0;
  return count;
}

bool Fields::HasToken(std::string_view name, std::string_view token) const {
  for (const auto& field : *this) {
    if (field.name != name) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (EqualsIgnoreCase(TrimOws(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), Lower);
  return lower;
}

std::string_view TrimOws(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace berth::http
