#include "agent/state_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace berth::agent {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using Kind = tunnel::TunnelState::Kind;
using std::chrono::milliseconds;

class StateWordsTest : public ::testing::Test {
 protected:
  StateWordsTest() {
    options_.hub_url = "https://hub.example/berth";
    options_.client_id = "laptop";
  }
  StateLine Words(Kind kind, std::string reason = "",
                  milliseconds retry_in = milliseconds(300'000)) const {
    return WordsOf({.kind = kind, .reason = std::move(reason), .retry_in = retry_in}, options_);
  }

  AgentOptions options_;
};

TEST_F(StateWordsTest, SaysWhereItIsConnectedAndAsWhom) {
  EXPECT_EQ(Words(Kind::kConnected).text, "connected to https://hub.example/berth as laptop");
  EXPECT_EQ(Words(Kind::kConnected).level, LogLevel::kInfo);
  EXPECT_EQ(Words(Kind::kConnecting).level, LogLevel::kDebug);
  EXPECT_EQ(Words(Kind::kEnded, "bye").text, "ended: bye");
}

TEST_F(StateWordsTest, SaysWhenItTriesAgain) {
  const StateLine line = Words(Kind::kWaiting, "refused", milliseconds(1'540));
  EXPECT_EQ(line.text, "hub away (refused); next attempt in 1.5 s");
  EXPECT_EQ(line.level, LogLevel::kWarn);
  EXPECT_THAT(Words(Kind::kWaiting, "", milliseconds(12'900)).text, EndsWith("in 12 s"));
}

TEST_F(StateWordsTest, ARefusalSaysWhatToDo) {
  const std::pair<Kind, const char*> cases[] = {
      {Kind::kUnauthorized, "; start the agent again with a new one"},
      {Kind::kRefused, "next attempt in 300 s"},
      {Kind::kFenced, "; stop one of the two, or give this one another --id"},
  };
  for (const auto& [kind, advice] : cases) {
    const StateLine line = Words(kind, "the reason");
    EXPECT_EQ(line.level, LogLevel::kError);
    EXPECT_THAT(line.text, ContainsRegex("the reason\\)?; next attempt in 300 s"));
    EXPECT_THAT(line.text, EndsWith(advice));
  }
  options_.token_source = {.kind = TokenSource::Kind::kEnrolled, .file = "/t"};
  EXPECT_THAT(
      Words(Kind::kUnauthorized).text,
      EndsWith("berth agent enroll --hub https://hub.example/berth/ws/connect --id laptop"));
}

TEST_F(StateWordsTest, WhatTheHubSaysForgesNoLine) {
  for (const Kind kind :
       {Kind::kWaiting, Kind::kUnauthorized, Kind::kRefused, Kind::kFenced, Kind::kEnded}) {
    const std::string text = Words(kind, "a\nb" + std::string(1000, 'x')).text;
    EXPECT_THAT(text, HasSubstr("a\\x0ab"));
    EXPECT_LT(text.size(), 500U);
  }
}

TEST_F(StateWordsTest, TellsHowTheCommandFares) {
  using Event = SupervisorEvent;
  const auto words = [](const Event& event, bool is_draining = false) {
    return WordsOf(event, "cloudcli", is_draining).text;
  };
  EXPECT_EQ(words({.kind = Event::Kind::kStarted, .pid = 7}), "started cloudcli (pid 7)");
  EXPECT_EQ(words({.kind = Event::Kind::kNotStarted, .error = "no such program"}),
            "cannot start the instance: no such program; check the command after --; trying again");
  const Event killed{.kind = Event::Kind::kExited, .signal = SIGKILL};
  EXPECT_EQ(words(killed), "cloudcli was ended by signal 9; starting it again");
  EXPECT_EQ(words({.kind = Event::Kind::kExited, .status = 3}),
            "cloudcli ended with status 3; starting it again");
  EXPECT_EQ(words(killed, true), "stopped cloudcli");
  EXPECT_EQ(WordsOf(killed, "cloudcli", true).level, LogLevel::kInfo);
}

}  // namespace
}  // namespace berth::agent
