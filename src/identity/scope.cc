#include "identity/scope.h"

#include <algorithm>
#include <array>
#include <utility>

namespace berth::identity {
namespace {

constexpr std::array kNames = {
    std::string_view("profile:read"),       std::string_view("instances:read"),
    std::string_view("instances:write"),    std::string_view("tokens:read"),
    std::string_view("tokens:write"),       std::string_view("shares:read"),
    std::string_view("shares:write"),       std::string_view("people:read"),
    std::string_view("people:write"),       std::string_view("sessions:read"),
    std::string_view("sessions:write"),     std::string_view("audit:read"),
    std::string_view("notifications:read"), std::string_view("notifications:write"),
};

constexpr auto kAll = [] {
  std::array<Scope, kNames.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Scope>(i);
  return all;
}();
static_assert(kAll.back() == Scope::kNotificationsWrite, "every scope has a name");

}  // namespace

std::string_view ToString(Scope scope) { return kNames.at(std::to_underlying(scope)); }

std::optional<Scope> ParseScope(std::string_view name) {
  const auto place = std::ranges::find(kNames, name);
  if (place == kNames.end()) return std::nullopt;
  return static_cast<Scope>(place - kNames.begin());
}

std::span<const Scope> AllScopes() { return kAll; }

}  // namespace berth::identity
