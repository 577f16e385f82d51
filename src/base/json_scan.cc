#include "base/json_scan.h"

#include <algorithm>
#include <array>

namespace berth {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

void JsonScanner::SkipSpace() {
  while (!AtEnd() && IsSpace(Peek())) Skip();
}

std::string_view JsonScanner::TakeString() {
  const std::size_t start = at_;
  for (Skip(); !AtEnd() && Peek() != '"'; Skip()) {
    if (Peek() == '\\') Skip();
  }
  Skip();
  return text_.substr(start, at_ - start);
}

std::string_view JsonScanner::TakeValue() {
  SkipSpace();
  const std::size_t start = std::min(at_, text_.size());
  std::size_t depth = 0;
  while (!AtEnd()) {
    const char c = Peek();
    if (c == '"') {
      TakeString();
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (depth == 0 && (c == ',' || c == '}' || IsSpace(c))) break;
    if (c == '}' || c == ']') --depth;
    Skip();
  }
  return text_.substr(start, at_ - start);
}

JsonCounts CountJson(std::string_view text, std::size_t most_values) {
  JsonCounts counts{.values = 1};
  std::array<std::size_t, kDeepestCounted + 1> members{};  // Of what is open at each depth.
  std::size_t depth = 0;
  JsonScanner scanner(text);
  while (!scanner.AtEnd() && counts.values <= most_values) {
    switch (scanner.Peek()) {
      case '"':
        scanner.TakeString();
        continue;
      case ':':
        ++counts.members;
        ++counts.values;
        if (depth < members.size()) counts.widest = std::max(counts.widest, ++members[depth]);
        break;
      case ',':
        ++counts.values;
        break;
      case '[':
      case '{':
        ++counts.values;
        if (++depth < members.size()) members[depth] = 0;
        break;
      case ']':
      case '}':
        if (depth > 0) --depth;
        break;
      default:
        break;
    }
    scanner.Skip();
  }
  return counts;
}

}  // namespace berth
