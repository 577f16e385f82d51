#include "terminal/names.h"

#include <gmock/gmock.h>

#include "base/result_testing.h"

namespace berth::terminal {
namespace {

using ::berth::testing::FailsWith;
using ::testing::HasSubstr;

const std::vector<control::Client> kClients{
    {.id = "laptop", .label = "Anna's"}, {.id = "box"},
    {.id = "a1", .label = "server"},     {.id = "a2", .label = "server"},
    {.id = "a3", .label = "box"},
};

TEST(NamesTest, AnIdIsShownBesideTheNameThatItsOwnerGave) {
  EXPECT_EQ(NameOf(kClients[0]), "Anna's (laptop)");
  EXPECT_EQ(NameOf(kClients[1]), "box");
  EXPECT_EQ(NameOf({.id = "x", .label = "\x1b[1m"}), "\uFFFD[1m (x)");
}

TEST(NamesTest, AnIdCountsBeforeAName) {
  EXPECT_EQ(FindByName(kClients, "laptop")->id, "laptop");
  EXPECT_EQ(FindByName(kClients, "Anna's")->id, "laptop");
  EXPECT_EQ(FindByName(kClients, "box")->id, "box");
}

TEST(NamesTest, OnesOwnCountBeforeThoseOfOthers) {
  const std::vector<control::Client> clients{
      {.id = "laptop", .role = "operator"},
      {.id = "x1", .role = "owner", .label = "laptop"},
      {.id = "box", .role = "owner"},
      {.id = "x2", .role = "viewer", .label = "box"},
      {.id = "x3", .role = "owner", .label = "box"},
  };
  EXPECT_EQ(FindByName(clients, "laptop")->id, "x1");
  EXPECT_EQ(FindByName(clients, "box")->id, "box");
}

TEST(NamesTest, WhatIsUnclearIsExplained) {
  auto several = FindByName(kClients, "server");
  ASSERT_THAT(several, FailsWith(ErrorKind::kConflict));
  EXPECT_THAT(several.error().message, HasSubstr("a1, a2"));
  auto none = FindByName(kClients, "laptpo");
  ASSERT_THAT(none, FailsWith(ErrorKind::kNotFound));
  EXPECT_THAT(none.error().message, HasSubstr("did you mean \"laptop\"?"));
}

}  // namespace
}  // namespace berth::terminal
