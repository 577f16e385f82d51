// check 1: every combination of lists and memberships, one by one.
#include "identity/policy.h"

#include <gtest/gtest.h>

namespace berth::identity {
namespace {

TEST(GitHubPolicyTest, Check1AdmitsExactlyWhomOneOfTheListsNames) {
  for (int lists = 0; lists < 8; ++lists) {
    GitHubPolicy policy;
    if (lists & 1) policy.users = {1, 5};
    if (lists & 2) policy.orgs = {10};
    if (lists & 4) policy.teams = {{10, "platform"}};
    for (int member = 0; member < 8; ++member) {
      GitHubMembership person;
      person.user_id = (member & 1) ? 1 : 2;
      person.orgs.push_back({.id = 11, .login = "acme"});  // Another org, whatever it is called.
      if (member & 2) person.orgs.push_back({.id = 10, .login = "renamed"});
      person.teams.push_back({.org_id = 11, .org_login = "acme", .slug = "platform"});
      person.teams.push_back({.org_id = 10, .org_login = "acme", .slug = "web"});
      if (member & 4) {
        person.teams.push_back({.org_id = 10, .org_login = "renamed", .slug = "platform"});
      }
      EXPECT_EQ(policy.Admits(person), (lists & member) != 0) << lists << " " << member;
    }
  }
}

TEST(OidcPolicyTest, Check1AdmitsExactlyWhomOneOfTheListsNames) {
  for (int lists = 0; lists < 4; ++lists) {
    OidcPolicy policy;
    if (lists & 1) policy.subjects = {"abc"};
    if (lists & 2) policy.groups = {"eng"};
    for (int member = 0; member < 4; ++member) {
      std::vector<std::string> groups = {"Eng", "eng ", "abc"};
      if (member & 2) groups.push_back("eng");
      EXPECT_EQ(policy.Admits((member & 1) ? "abc" : "ABC", groups), (lists & member) != 0)
          << lists << " " << member;
    }
  }
}

}  // namespace
}  // namespace berth::identity
