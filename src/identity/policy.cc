#include "identity/policy.h"

#include <algorithm>

namespace berth::identity {

bool GitHubPolicy::Admits(const GitHubMembership& person) const {
  const auto is_in_org = [this](const GitHubMembership::Org& org) { return orgs.contains(org.id); };
  const auto is_in_team = [this](const GitHubMembership::Team& team) {
    return teams.contains({team.org_id, team.slug});
  };
  return users.contains(person.user_id) || std::ranges::any_of(person.orgs, is_in_org) ||
         std::ranges::any_of(person.teams, is_in_team);
}

bool OidcPolicy::Admits(std::string_view subject, const std::vector<std::string>& member_of) const {
  return subjects.contains(subject) ||
         std::ranges::any_of(member_of,
                             [this](const std::string& group) { return groups.contains(group); });
}

}  // namespace berth::identity
