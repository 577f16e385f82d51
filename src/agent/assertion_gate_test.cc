#include "agent/assertion_gate.h"

#include <gtest/gtest.h>

#include "agent/allow_list.h"
#include "agent/assertion_testing.h"
#include "base/encoding.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

struct AssertionGateTest : ::testing::Test {
  berth::testing::TempFolder folder;
  testing::TestHub hub{folder.path()};

  Result<AssertionPtr> Check(const std::string& text) {
    http::Fields fields;
    fields.Add(control::kAssertionField, text);
    return hub.gate.Check(fields);
  }
};

TEST_F(AssertionGateTest, KnowsWhoAsks) {
  const std::string text = hub.Sign(hub.user);
  const auto first = Check(text);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(**first, hub.user);
  EXPECT_EQ(Check(text).value(), *first);  // Remembered.
}

TEST_F(AssertionGateTest, RefusesNoneAndSeveral) {
  http::Fields fields;
  EXPECT_THAT(hub.gate.Check(fields), FailsWith(ErrorKind::kUnauthorized));
  hub.Add(fields);
  EXPECT_THAT(hub.gate.Check(fields), IsOk());
  hub.Add(fields);
  EXPECT_THAT(hub.gate.Check(fields), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(AssertionGateTest, OfAHubThatSignsNothingItTakesEachFieldOnce) {
  hub.gate.BelieveFields();
  http::Fields fields;
  fields.Add("x-orchestrator-user-id", "7");
  fields.Add("x-orchestrator-username", "octocat");
  EXPECT_EQ(hub.gate.Check(fields).value()->subject, "7");
  EXPECT_EQ(hub.gate.Check(fields).value()->login, "octocat");
  fields.Add("x-orchestrator-user-id", "8");
  fields.Add("x-orchestrator-username", "hubot");
  EXPECT_EQ(hub.gate.Check(fields).value()->subject, "");
  EXPECT_EQ(hub.gate.Check(fields).value()->login, "");
}

TEST_F(AssertionGateTest, WhatIsRememberedExpiresToo) {
  const std::string text = hub.Sign(hub.user);
  EXPECT_THAT(Check(text), IsOk());
  hub.now += std::chrono::seconds(59);
  EXPECT_THAT(Check(text), IsOk());
  hub.now += std::chrono::seconds(1);
  EXPECT_THAT(Check(text), FailsWith(ErrorKind::kTimeout));
  EXPECT_THAT(Check(text), FailsWith(ErrorKind::kTimeout));
}

TEST_F(AssertionGateTest, ANewTunnelForgetsTheLast) {
  const std::string text = hub.Sign(hub.user);
  EXPECT_THAT(Check(text), IsOk());
  hub.gate.BeginTunnel("tunnel-2");
  EXPECT_THAT(Check(text), FailsWith(ErrorKind::kForbidden));
  hub.gate.BeginTunnel("");
  EXPECT_THAT(Check(text), FailsWith(ErrorKind::kForbidden));
}

TEST_F(AssertionGateTest, AKeyThatIsNoLongerTrustedSignsNothingMore) {
  const std::string text = hub.Sign(hub.user);
  EXPECT_THAT(Check(text), IsOk());
  const auto newer = Ed25519PrivateKey::Generate(SystemRandom());
  const auto vouched = hub.key.Sign(control::EndorsementText(newer.public_key()));
  ASSERT_THAT(hub.trust.Accept({{.public_key = newer.public_key().Text(),
                                 .endorsements = {{.key_id = hub.key.public_key().Id(),
                                                   .signature = Base64UrlEncode(vouched)}}}}),
              IsOk());
  hub.gate.Forget();
  EXPECT_THAT(Check(text), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(AssertionGateTest, RemembersABoundedNumber) {
  std::string first;
  for (int i = 0; i < 1000; ++i) {
    hub.user.user_id = i;
    const std::string text = hub.Sign(hub.user);
    if (i == 0) first = text;
    ASSERT_THAT(Check(text), IsOk());
  }
  EXPECT_EQ((*Check(first))->user_id, 0);
}

TEST(AllowListTest, AdmitsWhomItNames) {
  const control::Assertion mona{.provider = "github",
                                .subject = "583231",
                                .login = "Octocat",
                                .groups = {"Acme", "Acme/Platform"},
                                .group_ids = {"7", "7/platform"}};
  const auto other = [&](auto change) {
    control::Assertion user = mona;
    change(user);
    return user;
  };
  const auto of_oidc = other([](auto& user) { user.provider = "oidc"; });
  const auto local = other([](auto& user) { user.provider = "local"; });
  const auto nameless = other([](auto& user) { user.login = ""; });
  // Somebody whose name looks like Mona's number.
  const auto number = other([](auto& user) {
    user.subject = "99";
    user.login = "583231";
    user.groups = {"7", "7/platform"};
    user.group_ids.clear();
  });
  struct Case {
    AllowList list;
    control::Assertion user;
    bool is_admitted;
  };
  const Case cases[] = {
      {{}, mona, true},
      {{}, of_oidc, true},
      {{.users = {"octocat"}}, mona, true},
      {{.users = {"OCTOCAT"}}, mona, true},
      {{.users = {"583231"}}, mona, true},
      {{.users = {"583231"}}, number, false},
      {{.users = {"583232"}}, mona, false},
      {{.users = {"octocat2"}}, mona, false},
      {{.users = {"octo"}}, mona, false},
      {{.users = {"mallory", "octocat"}}, mona, true},
      {{.users = {"octocat"}}, of_oidc, false},
      {{.users = {"583231"}}, of_oidc, false},
      {{.users = {"octocat"}}, local, false},
      {{.users = {""}}, nameless, false},
      {{.users = {"583231"}}, nameless, true},
      {{.groups = {"acme"}}, mona, true},
      {{.groups = {"acme/platform"}}, mona, true},
      {{.groups = {"acme/other"}}, mona, false},
      {{.groups = {"platform"}}, mona, false},
      {{.groups = {"acme/"}}, mona, false},
      {{.groups = {"acm"}}, mona, false},
      {{.groups = {""}}, mona, false},
      {{.groups = {"acme"}}, of_oidc, false},
      {{.groups = {"acme"}}, number, false},
      {{.groups = {"7"}}, mona, true},
      {{.groups = {"7/Platform"}}, mona, true},
      {{.groups = {"8", "7/core", "77"}}, mona, false},
      {{.groups = {"7", "7/platform"}}, number, false},
      {{.groups = {"7"}}, of_oidc, false},
      {{.users = {"mallory"}, .groups = {"acme"}}, mona, true},
      {{.users = {"octocat"}, .groups = {"evil"}}, mona, true},
      {{.users = {"mallory"}, .groups = {"evil"}}, mona, false},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_EQ(cases[i].list.Admits(cases[i].user), cases[i].is_admitted) << "case " << i;
  }
}

}  // namespace
}  // namespace berth::agent
