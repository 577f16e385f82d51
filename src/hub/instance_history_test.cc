#include "hub/instance_history.h"

#include <gmock/gmock.h>

#include "hub/fake_link_testing.h"
#include "identity/fixture_testing.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct InstanceHistoryTest : identity::testing::IdentityFixture {
  identity::Identity identity{context()};
  Registry registry{executor, clock, identity.shares()};
  InstanceHistory history{executor, clock, registry};
  testing::FakeLink link;
  testing::FakeLink other_link;

  void Connect(testing::FakeLink& with) {
    ASSERT_THAT(registry.Connected("box", owner, {}, with), berth::testing::IsOk());
  }
  const std::vector<Connection>& connections() { return history.Of("box").connections; }
  const std::vector<Sample>& samples() { return history.Of("box").samples; }
};

TEST_F(InstanceHistoryTest, KeepsWhenAnAgentCameAndWentAndWhy) {
  EXPECT_THAT(connections(), IsEmpty());
  const WallTime start = time;
  Connect(link);
  registry.SetStatus("box", link, {.client_id = "box", .status = control::Status::kBusy});
  ASSERT_THAT(connections(), SizeIs(1));
  EXPECT_EQ(connections()[0].connected_at, start);
  EXPECT_EQ(connections()[0].address, "192.0.2.7");
  EXPECT_FALSE(connections()[0].disconnected_at);
  Pass(seconds(5));
  registry.Disconnected("box", link, "closed:\n1001");
  registry.Disconnected("box", link, "twice");
  ASSERT_THAT(connections(), SizeIs(1));
  EXPECT_EQ(connections()[0].disconnected_at, start + seconds(5));
  EXPECT_EQ(connections()[0].reason, "closed:\\x0a1001");
  EXPECT_THAT(history.Of("none").connections, IsEmpty());
}

TEST_F(InstanceHistoryTest, SaysWhenAnotherAgentTookOver) {
  Connect(link);
  Pass(seconds(1));
  Connect(other_link);
  registry.Disconnected("box", link, "fenced");  // Comes too late to count.
  ASSERT_THAT(connections(), SizeIs(2));
  EXPECT_EQ(connections()[0].reason, "another agent took over");
  EXPECT_TRUE(connections()[0].disconnected_at);
  EXPECT_FALSE(connections()[1].disconnected_at);
}

TEST_F(InstanceHistoryTest, TakesASampleAMinuteOfWhatIsConnected) {
  Connect(link);
  link.traffic_now = {.in = 10, .out = 100};
  Pass(minutes(1));
  ASSERT_THAT(samples(), SizeIs(1));
  EXPECT_EQ(samples()[0].at, time);
  EXPECT_FALSE(samples()[0].latency);
  EXPECT_EQ(samples()[0].traffic, (control::Traffic{.in = 10, .out = 100}));
  link.traffic_now = {.in = 15, .out = 100};
  link.latency_now = seconds(1);
  Pass(minutes(1));
  ASSERT_THAT(samples(), SizeIs(2));
  EXPECT_EQ(samples()[1].traffic, (control::Traffic{.in = 5, .out = 0}));
  EXPECT_EQ(samples()[1].latency, seconds(1));
  registry.Disconnected("box", link);
  Pass(minutes(3));
  EXPECT_THAT(samples(), SizeIs(2));
  // A new connection counts from nothing.
  other_link.traffic_now = {.in = 3, .out = 4};
  Connect(other_link);
  Pass(minutes(1));
  ASSERT_THAT(samples(), SizeIs(3));
  EXPECT_EQ(samples()[2].traffic, (control::Traffic{.in = 3, .out = 4}));
}

TEST_F(InstanceHistoryTest, ForgetsTheOldest) {
  for (std::size_t i = 0; i < 2 * InstanceHistory::kMaxConnections; ++i) {
    Connect(link);
    registry.Disconnected("box", link, std::to_string(i));
  }
  EXPECT_THAT(connections(), SizeIs(InstanceHistory::kMaxConnections));
  EXPECT_EQ(connections().back().reason, "99");
  Connect(link);
  Pass(minutes(100));
  EXPECT_THAT(samples(), SizeIs(InstanceHistory::kMaxSamples));
  EXPECT_EQ(samples().back().at, time);
}

TEST_F(InstanceHistoryTest, ForgetsWhatIsRemoved) {
  Connect(link);
  Pass(minutes(1));
  registry.Disconnected("box", link);
  registry.Remove("box");
  EXPECT_THAT(connections(), IsEmpty());
  EXPECT_THAT(samples(), IsEmpty());
}

}  // namespace
}  // namespace berth::hub
