// Who is admitted: the allow-lists, as one table that denies by default.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::identity {

/// What GitHub says of somebody. Everything that decides is a number; names are for showing.
struct GitHubMembership {
  struct Org {
    std::int64_t id = 0;
    std::string login = {};  ///< Lower case.
  };
  struct Team {
    std::int64_t org_id = 0;
    std::string org_login = {};  ///< Lower case.
    std::string slug = {};       ///< Lower case.
  };
  std::int64_t user_id = 0;
  std::vector<Org> orgs = {};
  std::vector<Team> teams = {};
};

/// The allow-lists for GitHub. Empty ones admit nobody.
struct GitHubPolicy {
  std::set<std::int64_t> users = {};
  std::set<std::int64_t> orgs = {};
  std::set<std::pair<std::int64_t, std::string>> teams = {};  ///< Org's id and team's slug.

  /// Whether any one of the lists names them, their org or their team.
  bool Admits(const GitHubMembership& person) const;
};

/// The allow-lists for OpenID Connect. Empty ones admit nobody.
struct OidcPolicy {
  std::set<std::string, std::less<>> subjects = {};
  std::set<std::string, std::less<>> groups = {};

  bool Admits(std::string_view subject, const std::vector<std::string>& member_of) const;
};

}  // namespace berth::identity
