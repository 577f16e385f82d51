#include "hub/registry.h"

#include <gmock/gmock.h>

#include "hub/fake_link_testing.h"
#include "identity/fixture_testing.h"
#include "identity/identity.h"
#include "store/instances.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using identity::InstanceRole;

struct RegistryTest : identity::testing::IdentityFixture {
  identity::Identity identity{context()};
  Registry registry{executor, clock, identity.shares()};
  testing::FakeLink link;
  store::User anna = store::EnsureUser(*other, "local", "anna", "anna", time).value();
  store::User ben = store::EnsureUser(*other, "local", "ben", "ben", time).value();

  void SetUp() override {
    ASSERT_THAT(store::ClaimInstance(*other, "laptop", anna.id, "{}", time), IsOk());
    ASSERT_THAT(executor.Await(identity.Load()), IsOk());
    registry.Remember("laptop", anna.id, {}, time);
    registry.Remember("tower", anna.id, {}, time);
    registry.Remember("bench", ben.id, {}, time);
  }

  /// The laptop, over `link`, with a session that waits for its user.
  void ConnectAsking() {
    ASSERT_THAT(registry.Connected("laptop", anna.id, {}, link), IsOk());
    registry.SetStatus("laptop", link,
                       {.client_id = "laptop",
                        .status = control::Status::kBusy,
                        .needs_you = true,
                        .sessions = {{.id = "s", .question = control::Question{.id = "q"}}}});
  }

  std::vector<std::string> Seen(const store::User& person) {
    std::vector<std::string> seen;
    for (const VisibleInstance& visible : registry.List(person)) {
      seen.push_back(fmt::format("{} {}", visible.instance->id(), ToString(visible.role)));
    }
    return seen;
  }

  void Share(store::ShareRole role, std::optional<WallTime> expires_at = std::nullopt) {
    store::ShareRow share{.instance_id = "laptop",
                          .subject = std::to_string(ben.id),
                          .role = role,
                          .created_by = anna.id,
                          .expires_at = expires_at};
    ASSERT_THAT(executor.Await(identity.shares().Put(std::move(share))), IsOk());
  }
};

TEST_F(RegistryTest, EverybodySeesTheirOwnInstancesOnly) {
  EXPECT_THAT(Seen(anna), ::testing::ElementsAre("laptop owner", "tower owner"));
  EXPECT_THAT(Seen(ben), ::testing::ElementsAre("bench owner"));
  EXPECT_FALSE(registry.Find("laptop", ben).has_value());
  EXPECT_FALSE(registry.Find("none", ben).has_value());
  EXPECT_NE(registry.Get("laptop"), nullptr);
}

TEST_F(RegistryTest, AShareMakesAnInstanceVisibleUntilItExpires) {
  Share(store::ShareRole::kViewer, time + std::chrono::minutes(1));
  EXPECT_THAT(Seen(ben), ::testing::ElementsAre("bench owner", "laptop viewer"));
  EXPECT_EQ(registry.Find("laptop", ben)->role, InstanceRole::kViewer);
  EXPECT_THAT(Seen(anna), ::testing::ElementsAre("laptop owner", "tower owner"));
  time += std::chrono::minutes(1);
  EXPECT_THAT(Seen(ben), ::testing::ElementsAre("bench owner"));
}

TEST_F(RegistryTest, SomebodyRemovedSeesNothing) {
  Share(store::ShareRole::kOperator);
  ben.is_removed = true;
  EXPECT_TRUE(Seen(ben).empty());
}

TEST_F(RegistryTest, AShareLetsNobodyTakeTheIdOver) {
  Share(store::ShareRole::kOperator);
  EXPECT_THAT(registry.Connected("laptop", ben.id, {}, link), FailsWith(ErrorKind::kForbidden));
  EXPECT_THAT(registry.Connected("laptop", anna.id, {}, link), IsOk());
  EXPECT_TRUE(registry.Find("laptop", ben)->instance->is_live());
}

/// Keeps the states that it was told.
struct Listener : RegistryObserver {
  void OnInstanceChanged(const Instance& instance) override {
    heard.emplace_back(ToString(instance.client.metadata.state));
  }
  void OnInstanceRemoved(const Instance& instance) override { removed.push_back(instance.id()); }
  std::vector<std::string> heard;
  std::vector<std::string> removed;
};

TEST_F(RegistryTest, StateSaysMoreThanStatusAndSinceWhen) {
  using control::State;
  const auto& metadata = registry.Get("laptop")->client.metadata;
  EXPECT_EQ(metadata.state, State::kOffline);
  EXPECT_THAT(registry.Connected("laptop", anna.id, {.status = control::Status::kBusy}, link),
              IsOk());
  EXPECT_EQ(metadata.state, State::kBusy);
  const WallTime connected = time;
  time += std::chrono::seconds(5);
  control::StatusUpdate update{.client_id = "laptop", .status = control::Status::kBusy};
  registry.SetStatus("laptop", link, update);
  EXPECT_EQ(metadata.state_since, connected);
  update.needs_you = true;  // From an agent that knows no states.
  update.sessions = {{.id = "s", .is_busy = true, .needs_you = true}};
  registry.SetStatus("laptop", link, update);
  EXPECT_EQ(metadata.state, State::kNeedsYou);
  EXPECT_EQ(metadata.state_since, time);
  EXPECT_EQ(metadata.sessions[0].state, control::SessionState::kNeedsYou);
  update = {.client_id = "laptop", .state = State::kError};
  registry.SetStatus("laptop", link, update);
  EXPECT_EQ(metadata.state, State::kError);
  update.state = State::kOffline;  // Not an agent's to say.
  registry.SetStatus("laptop", link, update);
  EXPECT_EQ(metadata.state, State::kIdle);
  time += std::chrono::seconds(5);
  registry.Disconnected("laptop", link);
  EXPECT_EQ(metadata.state, State::kOffline);
  EXPECT_EQ(metadata.state_since, time);
}

TEST_F(RegistryTest, ATakeoverEndsNothingBeforeItReports) {
  const auto& metadata = registry.Get("laptop")->client.metadata;
  ConnectAsking();
  const auto before = metadata;
  time += std::chrono::seconds(5);
  testing::FakeLink newer;
  ASSERT_THAT(registry.Connected("laptop", anna.id, {.status = control::Status::kIdle}, newer),
              IsOk());
  EXPECT_FALSE(link.fenced.empty());
  EXPECT_FALSE(registry.Get("laptop")->has_reported);
  EXPECT_EQ(metadata.sessions, before.sessions);
  EXPECT_EQ(metadata.state, control::State::kNeedsYou);
  EXPECT_EQ(metadata.state_since, before.state_since);
  EXPECT_EQ(metadata.status, before.status);
  // The older one can deliver nothing more.
  registry.SetStatus("laptop", link, {.client_id = "laptop", .status = control::Status::kIdle});
  registry.Disconnected("laptop", link);
  EXPECT_EQ(metadata.sessions, before.sessions);
  EXPECT_EQ(metadata.state, control::State::kNeedsYou);
  registry.SetStatus("laptop", newer, {.client_id = "laptop"});
  EXPECT_TRUE(metadata.sessions.empty());
  EXPECT_EQ(metadata.state, control::State::kIdle);
  EXPECT_FALSE(metadata.needs_you);
}

TEST_F(RegistryTest, ThatAnInstanceGivesNoAnswerIsToldBesideItsState) {
  const auto& metadata = registry.Get("laptop")->client.metadata;
  ConnectAsking();
  EXPECT_FALSE(metadata.no_answer);
  const control::StatusUpdate silent{.client_id = "laptop", .no_answer = true};
  registry.SetStatus("laptop", link, silent);
  EXPECT_TRUE(metadata.no_answer);
  EXPECT_EQ(metadata.state, control::State::kIdle);
  testing::FakeLink newer;
  ASSERT_THAT(registry.Connected("laptop", anna.id, {}, newer), IsOk());
  EXPECT_TRUE(metadata.no_answer) << "until the newer one reports";
  registry.SetStatus("laptop", newer, {.client_id = "laptop"});
  EXPECT_FALSE(metadata.no_answer);
  registry.SetStatus("laptop", newer, silent);
  registry.Disconnected("laptop", newer);
  EXPECT_FALSE(metadata.no_answer) << "its agent is away: nobody knows";
}

TEST_F(RegistryTest, AnInstanceOfVersion1HasReportedOnceItRegistered) {
  const auto& metadata = registry.Get("laptop")->client.metadata;
  ConnectAsking();
  testing::FakeLink newer;
  newer.speaks_version_1 = true;
  ASSERT_THAT(registry.Connected("laptop", anna.id, {.status = control::Status::kActive}, newer),
              IsOk());
  EXPECT_TRUE(registry.Get("laptop")->has_reported);
  EXPECT_TRUE(metadata.sessions.empty());
  EXPECT_FALSE(metadata.needs_you);
  EXPECT_EQ(metadata.status, control::Status::kActive);
  EXPECT_EQ(metadata.state, control::State::kActive);
}

TEST_F(RegistryTest, AnInstanceMayTurnOutToBeAnotherThanRegistered) {
  const auto& metadata = registry.Get("laptop")->client.metadata;
  ASSERT_THAT(registry.Connected("laptop", anna.id, {.hostname = "laptop"}, link), IsOk());
  executor.Advance(std::chrono::seconds(1));
  Listener listener;
  registry.Subscribe(listener);
  registry.SetStatus("laptop", link,
                     {.client_id = "laptop", .version = "1.37.3", .adapter = "claudecodeui"});
  EXPECT_EQ(listener.heard.size(), 1u);
  EXPECT_EQ(metadata.adapter, "claudecodeui");
  EXPECT_EQ(metadata.version, "1.37.3");
  registry.SetStatus("laptop", link, {.client_id = "laptop"});  // Without news of that.
  EXPECT_EQ(metadata.adapter, "claudecodeui");
  EXPECT_EQ(metadata.version, "1.37.3");
  registry.SetStatus("laptop", link, {.client_id = "laptop", .adapter = "generic"});
  EXPECT_EQ(metadata.adapter, "generic");
  EXPECT_EQ(metadata.version, "");
  EXPECT_EQ(metadata.hostname, "laptop");
  registry.Unsubscribe(listener);
}

TEST_F(RegistryTest, WhatAnInstanceAsksIsBoundedWhateverItsAgentKeepsTo) {
  ASSERT_THAT(registry.Connected("laptop", anna.id, {}, link), IsOk());
  control::StatusUpdate update{.client_id = "laptop"};
  for (int i = 0; i < 64; ++i) {
    update.sessions.push_back({.id = fmt::format("s{}", i),
                               .question = control::Question{
                                   .id = "q", .text = std::string(control::kMaxQuestion, 'x')}});
  }
  registry.SetStatus("laptop", link, update);
  std::size_t total = 0;
  for (const auto& session : registry.Get("laptop")->client.metadata.sessions) {
    total += session.question->text.size();
  }
  EXPECT_LE(total, control::kMaxQuestions + 64 * control::kLateQuestion);
}

TEST_F(RegistryTest, TellsOfEachInstanceTenTimesASecondAndOfTheLastChangeAlways) {
  using control::State;
  ASSERT_THAT(registry.Connected("laptop", anna.id, {}, link), IsOk());
  executor.Advance(std::chrono::seconds(1));
  Listener listener;
  registry.Subscribe(listener);
  for (int i = 0; i < 1000; ++i) {
    registry.SetStatus("laptop", link,
                       {.client_id = "laptop", .state = i % 2 ? State::kBusy : State::kActive});
    executor.Advance(std::chrono::milliseconds(1));
  }
  EXPECT_LE(listener.heard.size(), 11U);
  EXPECT_GE(listener.heard.size(), 9U);
  registry.SetStatus("laptop", link, {.client_id = "laptop", .state = State::kNeedsYou});
  executor.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(listener.heard.back(), "needs_you");
  // That it left is told at once, and once.
  registry.SetStatus("laptop", link, {.client_id = "laptop", .state = State::kIdle});
  listener.heard.clear();
  registry.Disconnected("laptop", link);
  EXPECT_THAT(listener.heard, ::testing::ElementsAre("offline"));
  executor.Advance(std::chrono::seconds(1));
  EXPECT_EQ(listener.heard.size(), 1U);
  registry.Unsubscribe(listener);
}

TEST_F(RegistryTest, ALabelStaysWhileAgentsComeAndGo) {
  registry.Remember("laptop", anna.id, {}, time, "Anna's");
  const auto& client = registry.Get("laptop")->client;
  EXPECT_EQ(client.label, "Anna's");
  ASSERT_THAT(registry.Connected("laptop", anna.id, {}, link), IsOk());
  EXPECT_EQ(client.label, "Anna's");
  Listener listener;
  registry.Subscribe(listener);
  registry.SetLabel("laptop", "Mine");
  registry.SetLabel("none", "Mine");
  EXPECT_EQ(listener.heard.size(), 1U);
  registry.Disconnected("laptop", link, "it slept");
  EXPECT_EQ(client.label, "Mine");
  EXPECT_EQ(registry.Get("laptop")->why_away, "it slept");
  registry.Unsubscribe(listener);
}

TEST_F(RegistryTest, WhatIsRemovedIsForgottenAndItsIdIsFree) {
  Listener listener;
  registry.Subscribe(listener);
  registry.Remove("laptop");
  registry.Remove("laptop");
  EXPECT_THAT(listener.removed, ::testing::ElementsAre("laptop"));
  EXPECT_EQ(registry.Get("laptop"), nullptr);
  EXPECT_THAT(Seen(anna), ::testing::ElementsAre("tower owner"));
  EXPECT_THAT(registry.Connected("laptop", ben.id, {}, link), IsOk());
  EXPECT_THAT(Seen(ben), ::testing::ElementsAre("bench owner", "laptop owner"));
  registry.Unsubscribe(listener);
}

}  // namespace
}  // namespace berth::hub
