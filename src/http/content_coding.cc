#include "http/content_coding.h"

#include <algorithm>
#include <array>
#include <optional>

#include "http/list.h"

namespace berth::http {
namespace {

struct Name {
  std::string_view text;
  Coding coding;
};
/// In the order of our preference.
constexpr std::array<Name, 4> kNames = {{{"zstd", Coding::kZstd},
                                         {"br", Coding::kBrotli},
                                         {"gzip", Coding::kGzip},
                                         {"identity", Coding::kIdentity}}};

/// Thousandths of "0", "0.5", "1.000"; nothing of anything else (RFC 9110, section 12.4.2).
std::optional<int> ParseWeight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  if (weight > 1000) return std::nullopt;
  return weight;
}

/// What Accept-Encoding says of each of kNames.
class Weights {
 public:
  void Read(std::string_view element) {
    const std::size_t semicolon = std::min(element.find(';'), element.size());
    const std::string_view name = TrimOws(element.substr(0, semicolon));
    int weight = 1000;
    if (semicolon < element.size()) {
      const std::string_view parameter = TrimOws(element.substr(semicolon + 1));
      if (!EqualsIgnoreCase(parameter.substr(0, 2), "q=")) return;
      const auto parsed = ParseWeight(parameter.substr(2));
      if (!parsed) return;
      weight = *parsed;
    }
    if (name == "*") others_ = weight;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      const bool is_it = EqualsIgnoreCase(name, kNames[i].text) ||
                         (kNames[i].coding == Coding::kGzip && EqualsIgnoreCase(name, "x-gzip"));
      if (is_it) named_[i] = weight;
    }
  }

  int Of(std::size_t index) const {
    if (named_[index]) return *named_[index];
    // Identity is always acceptable unless ruled out, but nobody asked for it.
    if (kNames[index].coding == Coding::kIdentity) return 0;
    return others_.value_or(0);
  }

 private:
  std::array<std::optional<int>, kNames.size()> named_;
  std::optional<int> others_;
};

}  // namespace

std::string_view NameOf(Coding coding) {
  return std::ranges::find(kNames, coding, &Name::coding)->text;
}

Coding CodingNamed(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name, &Name::text);
  return found == kNames.end() ? Coding::kIdentity : found->coding;
}

Coding ChooseCoding(const Fields& request) {
  Weights weights;
  for (const auto& [name, value] : request) {
    if (name != "accept-encoding") continue;
    for (const std::string_view member : ListMembers(value)) weights.Read(member);
  }
  Coding best = Coding::kIdentity;
  int weight = 0;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (weights.Of(i) <= weight) continue;
    weight = weights.Of(i);
    best = kNames[i].coding;
  }
  return best;
}

}  // namespace berth::http
