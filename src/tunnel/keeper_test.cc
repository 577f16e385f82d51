#include "tunnel/keeper.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/result_testing.h"
#include "tunnel/tunnel_testing.h"

namespace berth::tunnel {
namespace {

using namespace std::chrono_literals;
using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;
using testing::EchoInstance;
using testing::FakeHub;
using Kind = TunnelState::Kind;

class KeeperTest : public ::testing::Test, public Keeper::Observer {
 protected:
  control::Register OnRegister() override { return testing::TestRegistration(); }
  void OnState(const TunnelState& state) override { states_.push_back(state.kind); }
  Result<void> CheckHub(const control::Registered&) override {
    if (on_check_) on_check_();
    if (is_trusting_) return Ok();
    return Forbidden("another key");
  }
  void OnRegistered(const control::Registered&) override { ++registered_; }
  void OnMessage(const control::Message& message) override { messages_.push_back(message); }

  void Start() {
    run_ = Run();
    run_.Start();
    executor_.RunUntilIdle();
  }
  Task<void> Run() { ended_ = co_await keeper_.Run(); }
  Kind state() const { return keeper_.state().kind; }
  // The time between the last two attempts, after waiting `patience` for the last.
  Duration NextDelay(Duration patience) {
    const std::size_t before = hub_.dialled_at.size();
    executor_.Advance(patience);
    EXPECT_EQ(hub_.dialled_at.size(), before + 1);
    return hub_.dialled_at.at(before) - hub_.dialled_at.at(before - 1);
  }

  TestExecutor executor_;
  Limits limits_;
  HubAddress address_ = testing::TestHubAddress();
  FakeHub hub_{executor_, limits_};
  EchoInstance instance_{executor_};
  bool is_trusting_ = true;
  std::function<void()> on_check_;
  int registered_ = 0;
  double random_ = 1;  // The longest delay of each step, so that the table is exact.
  Keeper keeper_{executor_, limits_, address_, hub_, instance_, *this, [this] { return random_; }};
  std::vector<Kind> states_;
  std::vector<control::Message> messages_;
  std::optional<Error> ended_;
  Task<void> run_;
};

TEST(BackoffTest, DoublesWithJitterUpToALimit) {
  double random = 0;
  Backoff backoff(100ms, [&random] { return random; });
  EXPECT_EQ(backoff.Next(30s), 50ms);
  random = 0.5;
  EXPECT_EQ(backoff.Next(30s), 150ms);
  for (int i = 0; i < 20; ++i) EXPECT_LE(backoff.Next(30s), 30s);
  EXPECT_EQ(backoff.Next(30s), 22'500ms);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(30s), 75ms);
}

TEST(BackoffTest, GoesOnFromALowerLimit) {
  Backoff backoff(100ms, [] { return 1.0; });
  for (int i = 0; i < 20; ++i) EXPECT_LE(backoff.Next(30s), 30s);
  EXPECT_EQ(backoff.Next(2s), 2s);
  EXPECT_EQ(backoff.Next(30s), 2s);
  EXPECT_EQ(backoff.Next(30s), 4s);
}

TEST_F(KeeperTest, TriesAgainForEverWithGrowingDelays) {
  hub_.status = 503;
  Start();
  EXPECT_EQ(state(), Kind::kWaiting);
  for (const Duration delay : {100ms, 200ms, 400ms, 800ms, 1'600ms, 3'200ms, 6'400ms, 12'800ms,
                               25'600ms, 30'000ms, 30'000ms, 30'000ms}) {
    EXPECT_EQ(keeper_.state().retry_in, delay);
    EXPECT_EQ(NextDelay(delay), delay);
  }
  executor_.Advance(24h);
  EXPECT_GE(hub_.dialled_at.size(), 2'800u);
  hub_.status = 101;
  executor_.Advance(30s);
  EXPECT_EQ(state(), Kind::kConnected);
}

TEST_F(KeeperTest, IsBackWithinTwoSecondsOfAHubThatWasAwayForMinutes) {
  Start();
  hub_.is_away = true;
  hub_.cable->Cut();
  const std::pair<Duration, Error> absences[] = {{10s, Unavailable("connection refused")},
                                                 {10min, Timeout("connect")},
                                                 {24h, NotFound("no such name")}};
  for (const auto& [absence, why] : absences) {
    hub_.away = why;
    executor_.Advance(absence);
    ASSERT_EQ(state(), Kind::kWaiting);
    EXPECT_EQ(keeper_.state().retry_in, 1'500ms);
  }
  hub_.is_away = false;
  executor_.Advance(2s);
  EXPECT_EQ(state(), Kind::kConnected);
}

TEST_F(KeeperTest, SparesAHubThatIsBackAndCannotTakeItYet) {
  hub_.is_away = true;
  Start();
  executor_.Advance(1h);
  hub_.is_away = false;
  hub_.status = 503;
  executor_.Advance(keeper_.state().retry_in);
  for (const Duration delay : {1'500ms, 3'000ms, 6'000ms, 12'000ms, 24'000ms, 30'000ms}) {
    EXPECT_EQ(keeper_.state().retry_in, delay);
    EXPECT_EQ(NextDelay(delay), delay);
  }
}

TEST_F(KeeperTest, StartsOverAfterAStableTunnelOnly) {
  hub_.is_away = true;
  Start();
  executor_.Advance(700ms);  // Delays of 100, 200 and 400 ms are used up.
  hub_.is_away = false;
  executor_.Advance(800ms);
  ASSERT_EQ(state(), Kind::kConnected);
  hub_.cable->Cut();
  executor_.RunUntilIdle();
  EXPECT_EQ(keeper_.state().retry_in, 1'500ms);  // It lived for a moment only.
  executor_.Advance(1'500ms);
  ASSERT_EQ(state(), Kind::kConnected);
  executor_.Advance(30s);
  hub_.cable->Cut();
  executor_.RunUntilIdle();
  EXPECT_EQ(keeper_.state().retry_in, 100ms);
}

TEST_F(KeeperTest, TriesAnotherTokenAtOnce) {
  hub_.status = 401;
  Start();
  ASSERT_EQ(state(), Kind::kUnauthorized);
  executor_.Advance(1s);
  address_.token = Secret("another");
  hub_.status = 101;
  keeper_.TryNow();
  executor_.RunUntilIdle();
  EXPECT_EQ(state(), Kind::kConnected);
  EXPECT_EQ(hub_.dialled_at.size(), 2u);
}

TEST_F(KeeperTest, TriesAtOnceWhenTheNetworkChanged) {
  hub_.is_away = true;
  Start();
  executor_.Advance(10s);
  hub_.is_away = false;
  keeper_.NetworkChanged();
  executor_.RunUntilIdle();
  EXPECT_EQ(state(), Kind::kConnected);
}

TEST_F(KeeperTest, DialsAnewWhenTheNetworkChangedOnceForEachAttempt) {
  hub_.is_silent = true;
  Start();
  for (int i = 0; i < 3; ++i) {
    keeper_.NetworkChanged();
    executor_.RunUntilIdle();
    EXPECT_EQ(state(), Kind::kConnecting);
    EXPECT_EQ(hub_.dialled_at.size(), 2u);
  }
  executor_.Advance(3 * limits_.connect_timeout);
  EXPECT_EQ(state(), Kind::kWaiting);
  EXPECT_EQ(keeper_.state().retry_in, 100ms);  // One attempt has failed, not two.
  executor_.Advance(100ms);
  EXPECT_EQ(hub_.dialled_at.size(), 3u);
  hub_.is_silent = false;
  keeper_.NetworkChanged();
  executor_.RunUntilIdle();
  EXPECT_EQ(hub_.dialled_at.size(), 4u);
  EXPECT_EQ(state(), Kind::kConnected);
}

TEST_F(KeeperTest, AChangeOfTheNetworkDoesNotHideARefusal) {
  is_trusting_ = false;
  on_check_ = [this] { executor_.Post([this] { keeper_.NetworkChanged(); }); };
  Start();
  EXPECT_EQ(state(), Kind::kUntrusted);
  EXPECT_EQ(hub_.dialled_at.size(), 1u);
}

TEST_F(KeeperTest, ProbesTheTunnelWhenTheNetworkChanged) {
  Start();
  executor_.Advance(5s);
  hub_.cable->Stall();
  keeper_.NetworkChanged();
  executor_.Advance(10s);
  EXPECT_NE(state(), Kind::kConnected);
}

TEST_F(KeeperTest, ComesBackAfterAHalfOpenConnection) {
  Start();
  hub_.cable->Stall();
  executor_.Advance(20s + 100ms);
  EXPECT_EQ(state(), Kind::kConnected);
  EXPECT_EQ(hub_.ends.size(), 2u);
}

TEST_F(KeeperTest, AHubThatIsElsewhereSaysWhere) {
  hub_.status = 421;
  hub_.problem = R"({"detail":"It is at https://hub.example.org.\u001b[2J"})";
  Start();
  EXPECT_EQ(state(), Kind::kWaiting);
  EXPECT_TRUE(
      keeper_.state().reason.ends_with(" answered: It is at https://hub.example.org.\\x1b[2J"))
      << keeper_.state().reason;
  hub_.problem = R"({"title":"Misdirected request"})";
  executor_.Advance(10s);
  EXPECT_TRUE(keeper_.state().reason.ends_with("answered 421: not a hub's address"))
      << keeper_.state().reason;
}

TEST_F(KeeperTest, AnAnswerThatNoHubGivesSaysWhatToDo) {
  hub_.status = 426;
  Start();
  EXPECT_TRUE(keeper_.state().reason.contains("does not pass WebSockets on"))
      << keeper_.state().reason;
  hub_.status = 301;
  hub_.location = "https://hub.example/\x1b[2J?token=x#y";
  executor_.Advance(10s);
  EXPECT_TRUE(keeper_.state().reason.contains("leads to https://hub.example/\\x1b[2J; if"))
      << keeper_.state().reason;
  hub_.location.clear();
  executor_.Advance(30s);
  EXPECT_TRUE(keeper_.state().reason.ends_with("answered 301: not a hub's address"))
      << keeper_.state().reason;
}

TEST_F(KeeperTest, ARevokedTokenIsRetriedEveryFiveMinutesAtMost) {
  hub_.status = 401;
  Start();
  EXPECT_EQ(state(), Kind::kUnauthorized);
  EXPECT_TRUE(keeper_.state().reason.starts_with("the hub does not accept the token"));
  keeper_.NetworkChanged();
  executor_.Advance(300s - 1ms);
  EXPECT_EQ(hub_.dialled_at.size(), 1u);
  executor_.Advance(1ms);
  EXPECT_EQ(hub_.dialled_at.size(), 2u);
  hub_.status = 101;
  executor_.Advance(300s);
  EXPECT_EQ(state(), Kind::kConnected);
  hub_.end().link.Close("the token was revoked", true);
  executor_.RunUntilIdle();
  EXPECT_EQ(state(), Kind::kUnauthorized);
}

TEST_F(KeeperTest, DoesNotFightForAnIdThatAnotherAgentTook) {
  Start();
  hub_.end().link.Fence("another agent registered this id");
  executor_.RunUntilIdle();
  EXPECT_EQ(state(), Kind::kFenced);
  executor_.Advance(299s);
  EXPECT_EQ(hub_.dialled_at.size(), 1u);
  executor_.Advance(1s);
  EXPECT_EQ(hub_.dialled_at.size(), 2u);
}

TEST_F(KeeperTest, ARefusalOnTheWayIsNotTheHubs) {
  hub_.is_away = true;
  hub_.away = Unauthorized("the proxy refuses the user name or the password");
  Start();
  EXPECT_EQ(state(), Kind::kWaiting);
  executor_.Advance(1h);  // Often enough, and no storm on the proxy.
  EXPECT_EQ(keeper_.state().retry_in, 30s);
  EXPECT_EQ(keeper_.state().reason, "the proxy refuses the user name or the password");
}

TEST_F(KeeperTest, ARefusedIdIsRetriedSlowly) {
  hub_.answer = control::Registered{.success = false, .message = "no"};
  Start();
  EXPECT_EQ(state(), Kind::kRefused);
  EXPECT_EQ(keeper_.state().retry_in, 300s);
}

TEST_F(KeeperTest, AHubThatCannotSayNowIsAskedAgainSoon) {
  hub_.answer = Unavailable("the hub cannot write its database now");
  Start();
  EXPECT_EQ(state(), Kind::kWaiting);
  EXPECT_EQ(keeper_.state().retry_in, 100ms);
  EXPECT_NE(keeper_.state().reason.find("1013 the hub cannot write its database now"),
            std::string::npos);
  EXPECT_EQ(NextDelay(100ms), 100ms);
  EXPECT_EQ(keeper_.state().retry_in, 200ms);  // It is answering: spared as it should be.
  hub_.answer = control::Registered{.success = true};
  executor_.Advance(200ms);
  EXPECT_EQ(state(), Kind::kConnected);
}

TEST_F(KeeperTest, AHubThatIsNotTrustedGetsNothingAndIsRetriedSlowly) {
  is_trusting_ = false;
  Start();
  EXPECT_EQ(state(), Kind::kUntrusted);
  EXPECT_EQ(keeper_.state().reason, "another key");
  EXPECT_EQ(keeper_.state().retry_in, limits_.reconnect_refused);
  EXPECT_EQ(registered_, 0);
  EXPECT_EQ(states_, (std::vector{Kind::kConnecting, Kind::kUntrusted}));
  is_trusting_ = true;
  executor_.Advance(limits_.reconnect_refused);
  EXPECT_EQ(state(), Kind::kConnected);
  EXPECT_EQ(registered_, 1);
}

TEST_F(KeeperTest, LeavesForGoodWhenToldTo) {
  Start();
  EXPECT_THAT(hub_.end().link.Send(control::Command{control::Command::Kind::kDisconnect}), IsOk());
  executor_.RunUntilIdle();
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ended_->kind, ErrorKind::kCancelled);
  EXPECT_TRUE(ended_->message.ends_with(": somebody disconnected it there")) << ended_->message;
  EXPECT_EQ(state(), Kind::kEnded);
  executor_.Advance(1h);
  EXPECT_EQ(hub_.dialled_at.size(), 1u);
}

TEST_F(KeeperTest, OfVersion1ItMayBeThatAnotherAgentHasTheId) {
  address_.protocol = Protocol::kVersion1;
  Start();
  EXPECT_THAT(hub_.end().link.Send(control::Command{control::Command::Kind::kDisconnect}), IsOk());
  executor_.RunUntilIdle();
  ASSERT_TRUE(ended_.has_value());
  EXPECT_TRUE(ended_->message.ends_with("disconnected it there, or another agent has its id"))
      << ended_->message;
}

TEST_F(KeeperTest, ReportsItsStates) {
  Start();
  hub_.cable->Cut();
  executor_.Advance(100ms);
  EXPECT_EQ(states_, (std::vector<Kind>{Kind::kConnecting, Kind::kConnected, Kind::kWaiting,
                                        Kind::kConnecting, Kind::kConnected}));
}

TEST_F(KeeperTest, SendsWhileConnectedOnly) {
  const control::StatusUpdate update{.client_id = "box-1"};
  EXPECT_THAT(keeper_.Send(update), FailsWith(ErrorKind::kUnavailable));
  Start();
  EXPECT_THAT(keeper_.Send(update), IsOk());
  executor_.RunUntilIdle();
  EXPECT_EQ(hub_.end().messages.size(), 1u);
  EXPECT_TRUE(keeper_.latency().has_value());
}

TEST_F(KeeperTest, DrainsWhileConnected) {
  Start();
  keeper_.Drain("stopping");
  executor_.RunUntilIdle();
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ended_->kind, ErrorKind::kCancelled);
}

TEST_F(KeeperTest, DrainsWhileWaiting) {
  hub_.is_away = true;
  Start();
  keeper_.Drain("stopping");
  executor_.RunUntilIdle();
  EXPECT_TRUE(ended_.has_value());
}

TEST_F(KeeperTest, DrainsWhileDialling) {
  hub_.is_silent = true;
  Start();
  EXPECT_EQ(state(), Kind::kConnecting);
  keeper_.Drain("stopping");
  executor_.RunUntilIdle();
  EXPECT_TRUE(ended_.has_value());
}

}  // namespace
}  // namespace berth::tunnel
