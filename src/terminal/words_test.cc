#include "terminal/words.h"

#include <gmock/gmock.h>

namespace berth::terminal {
namespace {

using control::SessionState;
using control::State;
using namespace std::chrono_literals;

control::Client InState(std::string id, State state, std::int64_t since_ms = 1) {
  control::Client client{.id = std::move(id)};
  client.metadata.state = state;
  client.metadata.state_since = FromUnixMs(since_ms);
  return client;
}

TEST(WordsTest, Ages) {
  EXPECT_EQ(FormatAge(-5s), "0s");
  EXPECT_EQ(FormatAge(999ms), "0s");
  EXPECT_EQ(FormatAge(59'999ms), "59s");
  EXPECT_EQ(FormatAge(60s), "1m");
  EXPECT_EQ(FormatAge(3'599s), "59m");
  EXPECT_EQ(FormatAge(2h + 5min), "2h 05m");
  EXPECT_EQ(FormatAge(99h), "4d 3h");
  EXPECT_EQ(AgeOf({}, FromUnixMs(5'000)), "");
  EXPECT_EQ(AgeOf(FromUnixMs(1'000), FromUnixMs(5'000)), "4s");
}

TEST(WordsTest, Sizes) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1229), "1.2 KiB");
  EXPECT_EQ(FormatBytes(30 * 1024 * 1024), "30 MiB");
}

TEST(WordsTest, StatesAreReadBack) {
  for (const State state : {State::kIdle, State::kActive, State::kError, State::kBusy,
                            State::kNeedsYou, State::kOffline}) {
    EXPECT_EQ(ParseState(control::ToString(state)), state);
    EXPECT_EQ(ParseState(WordFor(state)), state);
  }
  EXPECT_EQ(ParseState("needs-you"), State::kNeedsYou);
  EXPECT_EQ(ParseState("sleepy"), std::nullopt);
}

TEST(WordsTest, WhoWaitsComesFirstAndLongestFirst) {
  std::vector<control::Client> clients{
      InState("a", State::kOffline),     InState("b", State::kIdle),
      InState("c", State::kNeedsYou, 9), InState("d", State::kBusy, 1),
      InState("e", State::kNeedsYou, 5), InState("f", State::kError),
      InState("g", State::kActive),      InState("h", State::kBusy, 0),
  };
  SortForPeople(clients);
  std::string order;
  for (const auto& client : clients) order += client.id;
  EXPECT_EQ(order, "ecfdhgba");
}

TEST(WordsTest, ASummaryCounts) {
  EXPECT_EQ(Summary({}), "no instances");
  EXPECT_EQ(Summary({InState("a", State::kIdle)}), "1 instance: 1 idle");
  EXPECT_EQ(Summary({InState("a", State::kIdle), InState("b", State::kNeedsYou),
                     InState("c", State::kNeedsYou)}),
            "3 instances: 2 need you, 1 idle");
}

TEST(WordsTest, WhatGivesNoAnswerIsCountedAsThat) {
  auto silent = [](State state) {
    control::Client client = InState("a", state);
    client.metadata.no_answer = true;
    return client;
  };
  EXPECT_EQ(Summary({silent(State::kIdle), silent(State::kActive), silent(State::kBusy),
                     InState("b", State::kIdle)}),
            "4 instances: 2 no answer, 1 busy, 1 idle");
}

TEST(WordsTest, SessionsAndWhatTheyAsk) {
  control::Client client = InState("a", State::kNeedsYou);
  EXPECT_EQ(SessionsOf(client), "-");
  client.metadata.sessions = {
      {.id = "1", .state = SessionState::kBusy},
      {.id = "2",
       .state = SessionState::kNeedsYou,
       .since = FromUnixMs(9),
       .question = control::Question{.tool = "Read", .text = "later"}},
      {.id = "3",
       .state = SessionState::kNeedsYou,
       .since = FromUnixMs(5),
       .question = control::Question{.tool = "Bash", .text = "rm\n\x1b[1m-rf"}},
  };
  EXPECT_EQ(SessionsOf(client), "2 wait, 1 busy");
  EXPECT_EQ(WhatItAsks(client), "Bash: rm \uFFFD[1m-rf");
  EXPECT_EQ(WhatItAsks(client.metadata.sessions[0]), "");
}

}  // namespace
}  // namespace berth::terminal
