#include "hub/agent_problem.h"

#include <gtest/gtest.h>

#include "control/stream_fields.h"

namespace berth::hub {
namespace {

namespace stream_error = control::stream_error;

std::optional<AgentProblem> ProblemFor(int status, std::string_view error) {
  http::ResponseHead head{.status = status, .fields = {}};
  head.fields.Add(control::kErrorField, error);
  return AgentProblemOf(head, "box");
}

TEST(AgentProblemTest, SaysWhatTheAgentMet) {
  struct Row {
    int status;
    std::string_view error;
    std::string_view words;
    Retry retry;
  };
  const Row rows[] = {
      {504, stream_error::kTimeout, "no answer in time", Retry::kEvery3Seconds},
      {502, stream_error::kUnavailable, "may be starting", Retry::kEvery3Seconds},
      {502, stream_error::kInvalid, "does not speak HTTP", Retry::kNo},
      {502, stream_error::kForeign, "Another user of that machine", Retry::kEvery3Seconds},
      {502, stream_error::kAgentFailed, "Its log says what", Retry::kEvery3Seconds},
      {502, stream_error::kFailed, "reported an error", Retry::kNo},
      {503, "of-a-later-version", "may be starting", Retry::kEvery3Seconds},
      {403, stream_error::kNotAllowed, "you are not on it", Retry::kNo},
      {403, stream_error::kReadOnly, "as a viewer", Retry::kNo},
      {403, stream_error::kNotInTime, "clock", Retry::kNo},
      {403, stream_error::kNotAsserted, "this hub's word", Retry::kNo},
      {403, "of-a-later-version", "this hub's word", Retry::kNo},
  };
  for (const Row& row : rows) {
    const auto told = ProblemFor(row.status, row.error);
    ASSERT_TRUE(told) << row.error;
    EXPECT_EQ(told->problem.status, row.status) << row.error;
    EXPECT_NE(told->problem.detail.find(row.words), std::string::npos) << told->problem.detail;
    EXPECT_EQ(told->retry, row.retry) << row.error;
  }
}

TEST(AgentProblemTest, LeavesAloneWhatTheInstanceAnswers) {
  for (const int status : {200, 403, 502}) {
    EXPECT_FALSE(AgentProblemOf({.status = status, .fields = {}}, "box")) << status;
  }
  // These speak of the request, and are written for whoever sent it.
  EXPECT_FALSE(ProblemFor(400, "bad-request"));
  EXPECT_FALSE(ProblemFor(404, "reserved"));
}

TEST(AgentProblemTest, WhyAnExchangeFailedIsNamedAfterItsCause) {
  const auto unusable = ExchangeProblemOf(Invalid("bad status in a response"), "box");
  EXPECT_EQ(unusable.problem.status, 502);
  EXPECT_EQ(unusable.retry, Retry::kNo);
  const auto away = ExchangeProblemOf(Unavailable("gone"), "box");
  EXPECT_EQ(away.problem.status, 502);
  EXPECT_NE(away.problem.detail.find("The agent of \"box\" broke off"), std::string::npos);
  EXPECT_EQ(away.retry, Retry::kEvery3Seconds);
  const auto full = ExchangeProblemOf(Conflict("no place came free"), "box");
  EXPECT_EQ(full.problem.status, 503);
  EXPECT_NE(full.problem.detail.find("tunnel_streams"), std::string::npos);
  EXPECT_EQ(full.retry, Retry::kEvery3Seconds);
  const auto cancelled = ExchangeProblemOf(Cancelled("the peer ended the stream: CANCEL"), "box");
  EXPECT_EQ(cancelled.problem.status, 502);
  EXPECT_NE(cancelled.problem.detail.find("The agent of \"box\" ended the request"),
            std::string::npos);
  EXPECT_EQ(cancelled.retry, Retry::kEvery3Seconds);
  EXPECT_EQ(ExchangeProblemOf(TooLarge("request head beyond its limit"), "box").problem.status,
            413);
}

}  // namespace
}  // namespace berth::hub
