#include "agent/token_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/worker_testing.h"
#include "base/executor_testing.h"
#include "base/private_file.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using ::testing::HasSubstr;

TEST(TokenFileTest, HoldsOneTokenWithSpaceAroundIt) {
  const berth::testing::TempFolder folder;
  const auto file = folder.path() / "token";
  const auto read = [&](std::string_view text) {
    EXPECT_THAT(WritePrivateFile(file, text), IsOk());
    return ReadTokenFile(file);
  };
  EXPECT_THAT(ReadTokenFile(file), FailsWith(ErrorKind::kNotFound));
  EXPECT_EQ(read(" ao_one \r\n\n").value().Reveal(), "ao_one");
  EXPECT_EQ(read("ao_one").value().Reveal(), "ao_one");
  EXPECT_THAT(read(" \n"), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(read("ao_one\nao_two\n"), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(read("ao_one\nao_two\n").error().message, HasSubstr(file.string() + ": "));
  EXPECT_THAT(read("bt_one\n").error().message,
              HasSubstr(file.string() + ": that is an API token; an agent's begins with ao_"));
}

TEST(TokenFileTest, IsWatchedUntilItHoldsAnotherToken) {
  const berth::testing::TempFolder folder;
  const auto file = folder.path() / "token";
  berth::testing::TestExecutor executor;
  InlineWorker worker;
  const Secret present("ao_one");
  auto other = AwaitOtherToken(worker, executor, file, present);
  other.Start();
  for (const std::string_view text : {"", "ao_one\n", "ao one\n", "ao_one"}) {
    executor.Advance(std::chrono::seconds(3));
    EXPECT_FALSE(other.is_done()) << text;
    ASSERT_THAT(WritePrivateFile(file, text), IsOk());
  }
  executor.Advance(std::chrono::seconds(3));
  ASSERT_THAT(WritePrivateFile(file, "ao_two\n"), IsOk());
  executor.Advance(std::chrono::seconds(2));
  ASSERT_TRUE(other.is_done());
  EXPECT_EQ(other.Take().Reveal(), "ao_two");
}

TEST(TokenSourceTest, TheAdviceIsACommandThatCanBeTyped) {
  net::TlsClient::Options tls;
  const std::string plain = HubFlags("https://hub.example.org/berth", "laptop", tls);
  EXPECT_EQ(plain, " --hub https://hub.example.org/berth/ws/connect --id laptop");
  EXPECT_EQ(HubFlags("https://hub.example.org", "", tls), " --hub https://hub.example.org");
  tls.authority_file = "/my files/ca.pem";
  tls.pinned_key.emplace();
  const std::string all = HubFlags("https://hub.example.org", "laptop", tls);
  EXPECT_EQ(all,
            " --hub https://hub.example.org --id laptop --hub-ca '/my files/ca.pem' --hub-pin "
            "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  EXPECT_THAT(HowToReplace({.kind = TokenSource::Kind::kEnrolled, .file = "/t"}, plain),
              HasSubstr("berth agent enroll" + plain));
}

TEST(TokenSourceTest, NobodyIsSentToEnrolWhoseTokenIsElsewhere) {
  EXPECT_EQ(HowToReplace({.kind = TokenSource::Kind::kFile, .file = "/home/me/token"}, " --hub x"),
            "put a new one into /home/me/token, and it is used at once");
  EXPECT_EQ(HowToReplace({}, " --hub x"), "start the agent again with a new one");
}

}  // namespace
}  // namespace berth::agent
