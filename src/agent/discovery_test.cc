#include "agent/discovery.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "agent/fake_instance_testing.h"
#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TempFolder;
using berth::testing::TestExecutor;

class LocalServerTest : public ::testing::Test {
 protected:
  LocalServerTest() { options_.home = folder_.path(); }

  void Write(const std::string& text) {
    std::filesystem::create_directories(folder_.path() / ".cloudcli");
    std::ofstream(folder_.path() / ".cloudcli" / "local-server.json") << text;
  }

  TempFolder folder_;
  DiscoveryOptions options_;
};

TEST_F(LocalServerTest, IsWhereTheFileSays) {
  EXPECT_THAT(FindInstance(options_), FailsWith(ErrorKind::kNotFound));
  Write(fmt::format(R"({{"pid":{},"host":"0.0.0.0","port":3001,"url":"http://x","appRoot":"/a",)"
                    R"("installMode":"npm","updatedAt":"now"}})",
                    ::getpid()));
  const auto info = FindInstance(options_);
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->origin(), "http://127.0.0.1:3001");
  EXPECT_EQ(info->pid, ::getpid());
  EXPECT_EQ(info->app_root, "/a");
  EXPECT_EQ(info->install_mode, "npm");
}

TEST_F(LocalServerTest, IsNotThereWhenItsProcessHasEnded) {
  options_.proc = folder_.path() / "proc";
  Write(R"({"pid":4711,"host":"127.0.0.1","port":3001})");
  EXPECT_THAT(ReadLocalServer(options_), FailsWith(ErrorKind::kUnavailable));
  std::filesystem::create_directories(options_.proc / "4711");
  EXPECT_THAT(ReadLocalServer(options_), IsOk());
}

TEST_F(LocalServerTest, RefusesNonsense) {
  for (const char* text :
       {"", "[]", "{", R"({"host":"a b","port":1})", R"({"port":0})", R"({"port":70000})",
        R"({"host":"a@b","port":80})", R"({"pid":-1,"port":80})"}) {
    Write(text);
    EXPECT_FALSE(ReadLocalServer(options_)) << text;
  }
  Write(R"({"port":80})" + std::string(64 * 1024, ' '));
  EXPECT_THAT(ReadLocalServer(options_), FailsWith(ErrorKind::kTooLarge));
}

TEST_F(LocalServerTest, AddsWhatItKnowsToAUrl) {
  Write(fmt::format(R"({{"pid":{},"host":"127.0.0.1","port":3001,"appRoot":"/a"}})", ::getpid()));
  options_.url = "http://localhost:3001";
  const auto info = FindInstance(options_);
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->authority(), "localhost:3001");
  EXPECT_EQ(info->app_root, "/a");
}

TEST(ParseInstanceUrl, TakesAHostAndAPort) {
  const std::pair<std::string_view, std::string_view> good[] = {
      {"http://127.0.0.1:3001", "http://127.0.0.1:3001"},
      {"http://localhost/", "http://localhost"},
      {"HTTP://localhost", "http://localhost"},
      {"https://box.lan", "https://box.lan"},
      {"https://box.lan:8443/", "https://box.lan:8443"},
      {"http://[::1]:80", "http://[::1]"},
      {"http://[::1]", "http://[::1]"},
      {"http://0.0.0.0:5", "http://127.0.0.1:5"},
  };
  for (const auto& [url, origin] : good) {
    const auto info = ParseInstanceUrl(url);
    ASSERT_THAT(info, IsOk()) << url;
    EXPECT_EQ(info->origin(), origin);
  }
  for (const std::string_view bad :
       {"", "127.0.0.1:3001", "ftp://a", "http://", "http://a:0", "http://a:99999", "http://a:b",
        "http://u@a", "http://::1", "http://a/path", "http://a?q", "http://[::1", "http://a b",
        "http://a\\b"}) {
    EXPECT_THAT(ParseInstanceUrl(bad), FailsWith(ErrorKind::kInvalid)) << bad;
  }
}

TEST(InstanceInfo, KnowsLoopback) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost", "a.localhost"}) {
    EXPECT_TRUE(InstanceInfo{.host = host}.is_loopback()) << host;
  }
  for (const char* host : {"192.0.2.1", "127.0.0.1.example.com", "example.com", "::2"}) {
    EXPECT_FALSE(InstanceInfo{.host = host}.is_loopback()) << host;
  }
}

TEST(AskHealth, TellsWhatKindItIs) {
  TestExecutor executor;
  const InstanceInfo info{.host = "127.0.0.1", .port = 1};
  testing::FakeInstance current;
  current.OnJson("GET /health", 200, R"({"status":"ok","installMode":"npm","version":"1.37.3"})");
  auto health = executor.Await(AskHealth(executor, current, info));
  ASSERT_THAT(health, IsOk());
  EXPECT_TRUE(health->is_claudecodeui);
  EXPECT_EQ(health->version, "1.37.3");

  testing::FakeInstance early;
  early.OnJson("GET /health", 200, R"({"status":"ok"})");
  early.OnJson("GET /api/auth/status", 200, R"({"needsSetup":false,"isAuthenticated":false})");
  health = executor.Await(AskHealth(executor, early, info));
  ASSERT_THAT(health, IsOk());
  EXPECT_TRUE(health->is_claudecodeui);

  testing::FakeInstance other;
  health = executor.Await(AskHealth(executor, other, info));
  ASSERT_THAT(health, IsOk());
  EXPECT_FALSE(health->is_claudecodeui);

  testing::FakeInstance failing;
  failing.On("GET /health", [](const auto&, const auto&) {
    return http::TextResponse(500, "text/html", "<h1>Server error</h1>");
  });
  health = executor.Await(AskHealth(executor, failing, info));
  ASSERT_THAT(health, IsOk());
  EXPECT_FALSE(health->is_claudecodeui);

  testing::FakeInstance behind_proxy;
  const auto bad_gateway = [](const auto&, const auto&) {
    return http::TextResponse(502, "text/html", "<h1>Bad Gateway</h1>");
  };
  behind_proxy.On("GET /health", bad_gateway);
  health = executor.Await(AskHealth(executor, behind_proxy, info));
  ASSERT_THAT(health, IsOk()) << "one path of it is not there";
  EXPECT_FALSE(health->is_claudecodeui);
  behind_proxy.On("GET /api/auth/status", bad_gateway);
  EXPECT_THAT(executor.Await(AskHealth(executor, behind_proxy, info)),
              FailsWith(ErrorKind::kUnavailable));

  testing::FakeInstance away;
  away.SetAway(Unavailable("refused"));
  EXPECT_THAT(executor.Await(AskHealth(executor, away, info)), FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::agent
