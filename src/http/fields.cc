#include "http/fields.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "http/list.h"

namespace berth::http {
namespace {

/// The bytes of a word in lower case.
template <class Word>
constexpr Word LowerWord(Word word) {
  constexpr Word kOnes = static_cast<Word>(~Word{0} / 0xFF);
  // In each byte without its high bit: whether it is at least 'A', and beyond 'Z'.
  const Word low = word & (0x7F * kOnes);
  const Word is_upper =
      (low + (0x80 - 'A') * kOnes) & ~(low + (0x7F - 'Z') * kOnes) & ~word & (0x80 * kOnes);
  return word | is_upper >> 2;  // 0x20.
}

template <class Word>
Word Load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

template <class Word>
void LowerInto(const char* from, char* to) {
  const Word lower = LowerWord(Load<Word>(from));
  std::memcpy(to, &lower, sizeof lower);
}

/// Copies `from` in lower case, a word at a time: names are short, and there are many. The last
/// word of a name overlaps the one before.
void CopyLower(std::string_view from, char* to) {
  const std::size_t size = from.size();
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) LowerInto<std::uint64_t>(&from[i], to + i);
    LowerInto<std::uint64_t>(&from[size - 8], to + size - 8);
  } else if (size >= 4) {
    LowerInto<std::uint32_t>(&from[0], to);
    LowerInto<std::uint32_t>(&from[size - 4], to + size - 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = ToLower(from[i]);
  }
}

}  // namespace

void Fields::Add(std::string_view name, std::string_view value) {
  const std::size_t end = text_.size() + name.size() + value.size();
  if (text_.capacity() >= end && entries_.capacity() > entries_.size()) {
    Append(name, value);
    return;
  }
  // `name` and `value` may be views of this very object: it grows beside itself.
  Fields grown;
  grown.Reserve(std::max(text_.size() * 2, end + 512), std::max<std::size_t>(2 * size(), 16));
  grown.text_.append(text_);
  grown.entries_.assign(entries_.begin(), entries_.end());
  grown.Append(name, value);
  *this = std::move(grown);
}

void Fields::Append(std::string_view name, std::string_view value) {
  const std::size_t name_at = text_.size();
  const std::size_t value_at = name_at + name.size();
  text_.resize_and_overwrite(value_at + value.size(), [&](char* to, std::size_t size) {
    CopyLower(name, to + name_at);
    if (!value.empty()) std::memcpy(to + value_at, value.data(), value.size());
    return size;
  });
  entries_.push_back({static_cast<std::uint32_t>(name_at), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value_at),
                      static_cast<std::uint32_t>(value.size())});
}

void Fields::Set(std::string_view name, std::string_view value) {
  Remove(name);
  Add(name, value);
}

std::size_t Fields::Remove(std::string_view name) {
  return std::erase_if(entries_, [&](const Entry& entry) { return HasName(entry, name); });
}

std::optional<std::string_view> Fields::Find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (HasName(entry, name)) return ValueOf(entry);
  }
  return std::nullopt;
}

std::size_t Fields::Count(std::string_view name) const {
  std::size_t count = 0;
  for (const Entry& entry : entries_) count += HasName(entry, name) ? 1 : 0;
  return count;
}

bool Fields::HasToken(std::string_view name, std::string_view token) const {
  for (const Entry& entry : entries_) {
    if (!HasName(entry, name)) continue;
    for (const std::string_view member : ListMembers(ValueOf(entry))) {
      if (EqualsIgnoreCase(member, token)) return true;
    }
  }
  return false;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    if (LowerWord(Load<std::uint64_t>(&a[i])) != LowerWord(Load<std::uint64_t>(&b[i]))) {
      return false;
    }
  }
  for (; i < size; ++i) {
    if (ToLower(a[i]) != ToLower(b[i])) return false;
  }
  return true;
}

}  // namespace berth::http
