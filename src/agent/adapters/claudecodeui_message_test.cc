#include "agent/adapters/claudecodeui_message.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace berth::agent::claudecodeui {
namespace {

using ::testing::ElementsAre;

TEST(ParseRunningSessions, TakesWhatItKnows) {
  const auto sessions = ParseRunningSessions(boost::json::parse(
      R"({"success":true,"data":{"sessions":[{"sessionId":"a","provider":"claude","startedAt":1700000000000},{"x":1},7]}})"));
  EXPECT_THAT(sessions,
              ElementsAre(RunningSession{
                  .id = "a", .provider = "claude", .started_at = FromUnixMs(1'700'000'000'000)}));
  EXPECT_TRUE(ParseRunningSessions(boost::json::parse(R"([1])")).empty());
  EXPECT_TRUE(ParseRunningSessions(boost::json::parse(R"({"data":{"sessions":{}}})")).empty());
}

}  // namespace
}  // namespace berth::agent::claudecodeui
