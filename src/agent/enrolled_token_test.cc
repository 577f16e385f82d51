#include "agent/enrolled_token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "agent/state_folder.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

struct EnrolledTokenTest : ::testing::Test {
  EnrolledAs As(std::string id, std::string hub = "https://hub.example.org") const {
    return {
        .state = folder.path() / "berth", .hub_url = std::move(hub), .client_id = std::move(id)};
  }
  void Keep(const EnrolledAs& as, std::string_view token) {
    ASSERT_THAT(KeepEnrolledToken(as, Secret(token)), IsOk());
  }

  const berth::testing::TempFolder folder;
};

TEST_F(EnrolledTokenTest, EachIdHasItsOwnAtEachHub) {
  Keep(As("laptop"), "one");
  Keep(As("desk"), "two");
  Keep(As("laptop", "https://hub.example.org:8443"), "three");
  Keep(As("laptop", "https://hub.example.org/8443"), "four");
  Keep(As("laptop", "http://hub.example.org"), "five");
  EXPECT_EQ(FindEnrolledToken(As("laptop"), false)->token.Reveal(), "one");
  EXPECT_EQ(FindEnrolledToken(As("desk"), false)->token.Reveal(), "two");
  EXPECT_EQ(FindEnrolledToken(As("laptop", "https://hub.example.org:8443"), false)->token.Reveal(),
            "three");
  EXPECT_EQ(FindEnrolledToken(As("laptop", "https://hub.example.org/8443"), false)->token.Reveal(),
            "four");
  EXPECT_THAT(FindEnrolledToken(As("server"), false), FailsWith(ErrorKind::kNotFound));
}

TEST_F(EnrolledTokenTest, ANewEnrolmentReplacesTheOld) {
  Keep(As("laptop"), "old");
  Keep(As("laptop"), "new");
  EXPECT_EQ(FindEnrolledToken(As("laptop"), false)->token.Reveal(), "new");
}

TEST_F(EnrolledTokenTest, WithoutAChosenIdTheOnlyOneIsTaken) {
  Keep(As("desk"), "two");
  Keep(As("other", "https://elsewhere.example.org"), "three");
  const auto found = FindEnrolledToken(As("laptop"), true);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->client_id, "desk");
  EXPECT_EQ(found->token.Reveal(), "two");
  EXPECT_THAT(FindEnrolledToken(As("laptop"), false), FailsWith(ErrorKind::kNotFound));
  Keep(As("server"), "four");
  EXPECT_THAT(FindEnrolledToken(As("laptop"), true), FailsWith(ErrorKind::kConflict));
  Keep(As("laptop"), "five");
  EXPECT_EQ(FindEnrolledToken(As("laptop"), true)->token.Reveal(), "five");
}

TEST_F(EnrolledTokenTest, OneThatOthersMayReadIsRefused) {
  Keep(As("laptop"), "one");
  ::chmod(EnrolledTokenFile(As("laptop")).c_str(), 0644);
  EXPECT_THAT(FindEnrolledToken(As("laptop"), true), FailsWith(ErrorKind::kForbidden));
}

TEST(StateFolderTest, AHubsUrlIsTheNameOfOneFolder) {
  const auto name = [](std::string_view url) {
    return HubFolder("/s", "laptop", url).lexically_relative("/s/laptop/hubs").string();
  };
  EXPECT_EQ(name("https://hub.example.org"), "hub.example.org");
  EXPECT_EQ(name("https://hub.example.org:8443"), "hub.example.org%3A8443");
  EXPECT_EQ(name("http://localhost:8787/x"), "http%3A%2F%2Flocalhost%3A8787%2Fx");
  EXPECT_EQ(name("https://[::1]/.."), "%5B%3A%3A1%5D%2F..");
  EXPECT_EQ(name("https://.."), "%2E.");
}

}  // namespace
}  // namespace berth::agent
