#include "terminal/show.h"

#include <gmock/gmock.h>

#include "terminal/text.h"

namespace berth::terminal {
namespace {

using control::State;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr WallTime kNow = WallTime(std::chrono::hours(480'000));

control::Client Laptop() {
  control::Client client{.id = "laptop", .owner = "anna"};
  client.connected_at = kNow - std::chrono::hours(2);
  client.role = "owner";
  client.metadata.hostname = "annas-mac";
  client.metadata.project = "/home/anna/work";
  client.metadata.adapter = "claudecodeui";
  client.metadata.version = "1.37.3";
  client.metadata.state = State::kNeedsYou;
  client.metadata.state_since = kNow - std::chrono::minutes(3);
  client.metadata.labels = {{"team", "core"}};
  client.metadata.sessions = {
      {.id = "s1",
       .title = "Fix the tests",
       .project = "/home/anna/work",
       .provider = "claude",
       .state = control::SessionState::kNeedsYou,
       .since = kNow - std::chrono::minutes(3),
       .question = control::Question{.id = "q", .tool = "Bash", .text = "npm test\nrm -rf build"}}};
  return client;
}

control::Client Server() {
  control::Client client{.id = "server"};
  client.last_seen = kNow - std::chrono::minutes(5);
  client.metadata.state = State::kOffline;
  return client;
}

TEST(ShowTest, AListForAPipe) {
  EXPECT_THAT(
      ShowList({Laptop(), Server()}, kNow, {}, ListKind::kPlace),
      ElementsAre(
          "NAME    STATE      FOR  MACHINE    PROJECT          SESSIONS  VERSION              "
          "LAST SEEN",
          "laptop  needs you  3m   annas-mac  /home/anna/work  1 waits   claudecodeui 1.37.3  "
          "now",
          "server  offline    -    -          -                -         -                    "
          "5m ago"));
}

TEST(ShowTest, ThatNothingAnswersTakesThePlaceOfIdle) {
  control::Client silent = Laptop();
  silent.metadata.no_answer = true;
  auto lines = ShowInstance(silent, kNow, {}, "https://hub.test");
  EXPECT_EQ(lines[0], "laptop  needs you for 3m");
  EXPECT_THAT(lines, Contains("web UI     does not answer"));
  silent.metadata.state = State::kIdle;
  silent.metadata.sessions.clear();
  EXPECT_EQ(ShowInstance(silent, kNow, {}, "https://hub.test")[0], "laptop  no answer");
  lines = ShowList({silent}, kNow, {}, ListKind::kQuestions);
  EXPECT_THAT(lines[1], HasSubstr("laptop  no answer  -    annas-mac"));
  EXPECT_EQ(ShowChange({.id = "laptop", .before = State::kIdle, .now = silent}, kNow, {}),
            "2024-10-04T00:00:00Z  laptop  no answer");
}

TEST(ShowTest, AListForANarrowTerminalKeepsNameAndState) {
  const Screen screen{.is_terminal = true, .columns = 30};
  const auto lines = ShowList({Laptop(), Server()}, kNow, screen, ListKind::kQuestions);
  for (const std::string& line : lines) EXPECT_LE(Width(line), 30u) << line;
  EXPECT_THAT(lines[1], HasSubstr("laptop  needs you"));
}

TEST(ShowTest, OneInstanceShowsTheWholeQuestion) {
  const auto lines = ShowInstance(Laptop(), kNow, {}, "https://hub.test");
  EXPECT_EQ(lines[0], "laptop  needs you for 3m");
  EXPECT_THAT(lines, Contains("labels     team=core"));
  EXPECT_THAT(lines, Contains("connected  for 2h 00m"));
  EXPECT_THAT(lines, Contains("opens at   https://hub.test/open?client=laptop"));
  EXPECT_THAT(lines, Contains("  needs you 3m  Fix the tests"));
  EXPECT_THAT(lines, Contains("    asks to use Bash"));
  EXPECT_THAT(lines, Contains("      npm test"));
  EXPECT_THAT(lines, Contains("      rm -rf build"));
  EXPECT_THAT(lines, Contains("    berth open laptop --session s1"));
}

TEST(ShowTest, AShellTakesTheIdOfASessionForOneWord) {
  control::Client client = Laptop();
  client.metadata.sessions[0].id = "s1;touch 'x' #\n";
  EXPECT_THAT(ShowInstance(client, kNow, {}, "https://hub.test"),
              Contains(R"(    berth open laptop --session 's1;touch '\''x'\'' # ')"));
}

TEST(ShowTest, AChangeIsOneLine) {
  EXPECT_EQ(ShowChange({.id = "laptop", .before = State::kBusy, .now = Laptop()}, kNow, {}),
            "2024-10-04T00:00:00Z  laptop  needs you (was busy): Bash: npm test rm -rf build");
  EXPECT_EQ(ShowChange({.id = "server", .now = Server()}, kNow, {}),
            "2024-10-04T00:00:00Z  server  offline");
  EXPECT_THAT(ShowChange({.id = "x", .before = State::kIdle}, kNow, {}), HasSubstr("x  gone"));
}

TEST(ShowTest, AddressesAreEscaped) {
  EXPECT_EQ(OpenUrl("https://hub.test", "a b&c", ""), "https://hub.test/open?client=a%20b%26c");
  EXPECT_EQ(OpenUrl("https://hub.test", "x", "s1"),
            "https://hub.test/open?client=x&next=/session/s1");
  EXPECT_EQ(OpenUrl("https://hub.test", "x", "../a?b"),
            "https://hub.test/open?client=x&next=/session/..%252Fa%253Fb");
}

}  // namespace
}  // namespace berth::terminal
