#include "identity/groups.h"

#include <algorithm>
#include <ranges>

#include "base/log.h"
#include "base/text.h"
#include "http/fields.h"

namespace berth::identity {

std::string GroupIdOf(const store::User& user, std::string_view group) {
  const std::size_t slash = std::min(group.find('/'), group.size());
  const std::string_view org = group.substr(0, slash);
  const std::size_t count = std::min(user.groups.size(), user.group_ids.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (!http::EqualsIgnoreCase(user.groups[i], org)) continue;
    return user.group_ids[i] + ToLower(group.substr(slash));
  }
  return {};
}

Result<std::string> FindGroup(const People& people, const store::User& sharer,
                              std::string_view group) {
  if (group.contains(':')) return std::string();  // Names at GitHub hold none.
  if (std::string own = GroupIdOf(sharer, group); !own.empty()) return own;
  std::string found;
  for (const PersonPtr& person : people.List()) {
    std::string id = GroupIdOf(*person, group);
    if (id.empty() || id == found) continue;
    if (!found.empty()) {
      return Conflict(fmt::format(
          "\"{}\" has just become another organisation's name; try again in half an hour",
          ForLog(group.substr(0, group.find('/')))));
    }
    found = std::move(id);
  }
  if (!found.empty()) return found;
  return Conflict(
      fmt::format("nobody of the GitHub organisation \"{}\" has signed in here yet; one of them "
                  "must before you can share with it",
                  ForLog(group.substr(0, group.find('/')))));
}

bool AreGroupIdsKnown(const People& people) {
  return std::ranges::none_of(people.all() | std::views::values, [](const PersonPtr& person) {
    return person->provider == "github" && !person->is_removed && !person->groups.empty() &&
           person->group_ids.empty();
  });
}

bool IsInGroup(const store::User& user, const store::ShareRow& share) {
  if (!share.group_id.empty()) {
    return std::ranges::find(user.group_ids, share.group_id) != user.group_ids.end();
  }
  if (share.subject.empty()) return false;
  // GitHub's names of orgs and teams are one whatever their case; other providers' are not.
  const bool ignores_case = user.provider == "github";
  return std::ranges::any_of(user.groups, [&](const std::string& own) {
    return ignores_case ? http::EqualsIgnoreCase(own, share.subject) : own == share.subject;
  });
}

}  // namespace berth::identity
