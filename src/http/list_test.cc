#include "http/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace berth::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Members(std::string_view value) {
  std::vector<std::string> members;
  for (const std::string_view member : ListMembers(value)) members.emplace_back(member);
  return members;
}

TEST(ListTest, MembersComeWithoutWhatIsAroundThem) {
  EXPECT_THAT(Members(""), IsEmpty());
  EXPECT_THAT(Members("close"), ElementsAre("close"));
  EXPECT_THAT(Members(" close ,\tx-a,x b\t"), ElementsAre("close", "x-a", "x b"));
}

TEST(ListTest, EmptyMembersAreMembersButForTheLast) {
  EXPECT_THAT(Members(","), ElementsAre(""));
  EXPECT_THAT(Members(",a, ,b,"), ElementsAre("", "a", "", "b"));
  EXPECT_THAT(Members(" "), ElementsAre(""));
}

}  // namespace
}  // namespace berth::http
