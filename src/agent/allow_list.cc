#include "agent/allow_list.h"

#include <algorithm>

#include "http/fields.h"

namespace berth::agent {
namespace {

bool IsNumber(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool IsUser(std::string_view entry, const control::Assertion& user) {
  // A name can be given up and taken by somebody else, and may look like another one's id.
  if (IsNumber(entry)) return entry == user.subject;
  return !user.login.empty() && http::EqualsIgnoreCase(entry, user.login);
}

bool IsGroup(std::string_view entry, const control::Assertion& user) {
  const bool is_id = IsNumber(entry.substr(0, entry.find('/')));
  return std::ranges::any_of(is_id ? user.group_ids : user.groups, [&](const auto& group) {
    return http::EqualsIgnoreCase(entry, group);
  });
}

}  // namespace

bool AllowList::Admits(const control::Assertion& user) const {
  if (is_empty()) return true;
  if (user.provider != "github") return false;
  if (std::ranges::any_of(users, [&](const auto& entry) { return IsUser(entry, user); })) {
    return true;
  }
  return std::ranges::any_of(groups, [&](const auto& entry) { return IsGroup(entry, user); });
}

}  // namespace berth::agent
