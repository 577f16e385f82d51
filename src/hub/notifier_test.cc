// What people are told of, seen in the outbox's rows: a real registry and database, no network.
#include "hub/notifier.h"

#include <gmock/gmock.h>

#include "hub/changes.h"
#include "hub/fake_link_testing.h"
#include "hub/hosts.h"
#include "hub/instance_history.h"
#include "hub/outbox.h"
#include "identity/fixture_testing.h"
#include "identity/identity.h"
#include "identity/web_testing.h"
#include "store/instances.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;
using control::SessionInfo;
using control::SessionState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

SessionInfo Busy(std::string id) {
  SessionInfo info;
  info.id = std::move(id);
  info.state = SessionState::kBusy;
  info.since = FromUnixMs(5);
  return info;
}

SessionInfo Asking(std::string id, std::string question) {
  SessionInfo info = Busy(std::move(id));
  info.state = SessionState::kNeedsYou;
  info.question.emplace().id = std::move(question);
  return info;
}

SessionInfo Failed(std::string id) {
  SessionInfo info = Busy(std::move(id));
  info.state = SessionState::kError;
  info.error = "no model";
  return info;
}

struct NotifierTest : identity::testing::IdentityFixture {
  /// One life of the hub.
  struct Life {
    identity::Identity identity;
    Registry registry;
    InstanceHistory history;
    TaskGroup sockets;
    Changes changes;
    Event stopping;
    Hosts hosts;
    HubContext hub;
    identity::testing::FakeWeb web;
    P256PrivateKey key;
    Outbox outbox;
    Notifier notifier;

    explicit Life(NotifierTest& test)
        : identity(test.context()),
          registry(test.executor, test.clock, identity.shares()),
          history(test.executor, test.clock, registry),
          sockets(test.executor),
          changes(test.executor, test.limits),
          stopping(test.executor),
          hosts(Hosts::Create(*ParseOrigin("https://hub.example"), "", false).value()),
          hub{.executor = test.executor,
              .limits = test.limits,
              .hosts = hosts,
              .clock = test.clock,
              .store = *test.store,
              .sealer = test.sealer,
              .identity = identity,
              .registry = registry,
              .history = history,
              .sockets = sockets,
              .changes = changes,
              .stopping = stopping},
          key(P256PrivateKey::Generate(test.random)),
          outbox(Outbox::Parts{.executor = test.executor,
                               .store = *test.store,
                               .web = web,
                               .sealer = test.sealer,
                               .limits = test.limits,
                               .audit = identity.audit(),
                               .clock = test.clock,
                               .random = test.random,
                               .identity = {.key = key, .subject = ""},
                               .may_know = {}}),
          notifier(hub, outbox, "https://hub.example") {}
  };
  std::unique_ptr<Life> life;
  testing::FakeLink link;

  NotifierTest() {
    store::NotifyTargetRow row;
    row.id = "t1";
    row.user_id = owner;
    row.events = {"needs_you", "finished", "failed", "offline"};
    EXPECT_THAT(store::InsertNotifyTarget(*other, row), IsOk());
    StartHub();
  }

  void StartHub() {
    life = std::make_unique<Life>(*this);
    EXPECT_THAT(executor.Await(life->identity.Load()), IsOk());
    EXPECT_THAT(executor.Await(life->notifier.Start()), IsOk());
    executor.RunUntilIdle();
  }

  void Connect() {
    Pass(std::chrono::milliseconds(1));
    EXPECT_THAT(life->registry.Connected("laptop", owner, {}, link), IsOk());
    executor.RunUntilIdle();
  }

  void Report(std::vector<SessionInfo> sessions) {
    control::StatusUpdate update;
    update.client_id = "laptop";
    for (const SessionInfo& one : sessions) {
      if (one.state != SessionState::kError) update.status = control::Status::kBusy;
    }
    update.sessions = std::move(sessions);
    life->registry.SetStatus("laptop", link, update);
    Pass(std::chrono::milliseconds(200));
  }

  /// Another member, whose target is "t2".
  std::int64_t AddGuest() {
    store::NotifyTargetRow row;
    row.id = "t2";
    row.user_id = store::EnsureUser(*other, "local", "guest", "guest", time).value().id;
    row.events = {"needs_you", "offline"};
    EXPECT_THAT(store::InsertNotifyTarget(*other, row), IsOk());
    StartHub();
    return row.user_id;
  }

  /// Of what waits for that target.
  std::vector<std::string> Titles(std::string target) {
    std::vector<std::string> titles;
    auto rows =
        other->All("SELECT event FROM outbox WHERE target_id = ?1 AND done_at IS NULL ORDER BY id",
                   {target}, [](const store::Row& row) { return row.String(0); });
    for (const std::string& text : rows.value()) {
      titles.push_back(ParseNotification(text).value().title);
    }
    return titles;
  }

  /// "event session", of everything that waits in the outbox, which delivers nothing.
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    auto rows = other->All("SELECT event FROM outbox WHERE done_at IS NULL ORDER BY id", {},
                           [](const store::Row& row) { return row.String(0); });
    for (const std::string& text : rows.value()) {
      const auto one = ParseNotification(text).value();
      told.push_back(one.event + (one.session_id.empty() ? "" : " " + one.session_id));
    }
    return told;
  }
};

TEST_F(NotifierTest, TellsWhatBeginsAndEnds) {
  Connect();
  Report({Busy("a")});
  EXPECT_THAT(Told(), IsEmpty());
  Report({Asking("a", "q1")});
  Report({Asking("a", "q1"), Busy("b")});
  EXPECT_THAT(Told(), ElementsAre("needs_you a"));
  Report({Asking("a", "q2"), Busy("b")});
  Report({Failed("a"), Busy("b")});
  Report({Failed("a")});
  Report({});
  EXPECT_THAT(Told(), ElementsAre("needs_you a", "needs_you a", "failed a", "finished b"));
}

TEST_F(NotifierTest, AnInstanceWithoutSessionsIsTakenAsAWhole) {
  Connect();
  control::StatusUpdate update;
  update.status = control::Status::kBusy;
  life->registry.SetStatus("laptop", link, update);
  Pass(std::chrono::milliseconds(200));
  update.status = control::Status::kIdle;
  life->registry.SetStatus("laptop", link, update);
  Pass(std::chrono::milliseconds(200));
  EXPECT_THAT(Told(), ElementsAre("finished"));
}

TEST_F(NotifierTest, AwayIsToldAfterAWhileAndOnce) {
  Connect();
  Report({});
  life->registry.Disconnected("laptop", link);
  Pass(limits.offline_notice - std::chrono::milliseconds(2));
  EXPECT_THAT(Told(), IsEmpty());
  Connect();
  Pass(limits.offline_notice);
  EXPECT_THAT(Told(), IsEmpty());
  life->registry.Disconnected("laptop", link);
  Pass(limits.offline_notice);
  EXPECT_THAT(Told(), ElementsAre("offline"));
  Pass(10 * limits.offline_notice);
  EXPECT_THAT(Told(), ElementsAre("offline"));
}

TEST_F(NotifierTest, AgentsThatLeaveWithTheHubAreNotToldOf) {
  Connect();
  executor.Await(life->notifier.Flush());
  life->notifier.Stop();
  life->registry.Disconnected("laptop", link);
  Pass(10 * limits.offline_notice);
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(NotifierTest, WhatEndedWhileTheHubWasAwayIsToldAndNothingTwice) {
  Connect();
  Report({Asking("a", "q1"), Busy("b"), Failed("c")});
  EXPECT_THAT(Told(), ElementsAre("needs_you a", "failed c"));
  StartHub();
  Connect();
  Report({Asking("a", "q1"), Failed("c")});
  EXPECT_THAT(Told(), ElementsAre("needs_you a", "failed c")) << "the agent may name b yet";
  Pass(std::chrono::seconds(6));
  EXPECT_THAT(Told(), ElementsAre("needs_you a", "failed c", "finished b"));
}

TEST_F(NotifierTest, AnInstanceThatDoesNotComeBackAfterARestartIsToldOf) {
  Connect();
  Report({});
  StartHub();
  control::Metadata metadata;
  life->registry.Remember("laptop", owner, metadata, time);
  Pass(limits.offline_notice);
  EXPECT_THAT(Told(), ElementsAre("offline"));
  StartHub();
  life->registry.Remember("laptop", owner, metadata, time);
  Pass(10 * limits.offline_notice);
  EXPECT_THAT(Told(), ElementsAre("offline"));
}

TEST_F(NotifierTest, ARemovedInstanceIsForgotten) {
  Connect();
  Report({Busy("a")});
  life->registry.Disconnected("laptop", link);
  executor.RunUntilIdle();
  life->registry.Remove("laptop");
  Pass(10 * limits.offline_notice);
  EXPECT_THAT(Told(), IsEmpty());
  EXPECT_THAT(store::ListNotifyWatch(*other).value(), IsEmpty());
}

TEST_F(NotifierTest, AReconnectionDoesNotEndRuns) {
  Connect();
  Report({Busy("a")});
  life->registry.Disconnected("laptop", link);
  Connect();
  Report({});
  Report({Busy("a")});
  Pass(std::chrono::seconds(10));
  EXPECT_THAT(Told(), IsEmpty());
  Report({});
  EXPECT_THAT(Told(), ElementsAre("finished a"));
}

TEST_F(NotifierTest, ThoseItIsSharedWithAreToldWhoseItIsAndEverybodyIsNot) {
  const auto guest = AddGuest();
  // Whoever chose the name "owner" may choose any.
  ASSERT_THAT(other->Run("UPDATE users SET login = 'anna' WHERE id = ?1", {owner}), IsOk());
  ASSERT_THAT(executor.Await(life->identity.ReloadIfChanged()), IsOk());
  ASSERT_THAT(store::ClaimInstance(*other, "laptop", owner, "{}", time), IsOk());
  const auto share = [&](store::ShareKind kind, std::string subject) {
    store::ShareRow row;
    row.instance_id = "laptop";
    row.kind = kind;
    row.subject = std::move(subject);
    row.role = store::ShareRole::kOperator;
    row.created_by = owner;
    EXPECT_THAT(executor.Await(life->identity.shares().Put(std::move(row))), IsOk());
  };
  Connect();
  Report({Asking("a", "q1")});
  EXPECT_THAT(Titles("t2"), IsEmpty());
  share(store::ShareKind::kEveryone, "");
  Report({Asking("a", "q2")});
  EXPECT_THAT(Titles("t2"), IsEmpty());
  share(store::ShareKind::kUser, std::to_string(guest));
  Report({Asking("a", "q3")});
  EXPECT_THAT(Titles("t2"), ElementsAre("anna's laptop needs you"));
  EXPECT_THAT(Titles("t1"),
              ElementsAre("laptop needs you", "laptop needs you", "laptop needs you"));
  life->registry.Disconnected("laptop", link);
  StartHub();
  life->registry.Remember("laptop", owner, {}, time);
  Pass(limits.offline_notice);
  EXPECT_EQ(Titles("t1").back(), "laptop is offline") << "not seen since the hub began";
  EXPECT_EQ(Titles("t2").back(), "anna's laptop is offline");
}

TEST_F(NotifierTest, AFullTargetIsToldOfTheNewest) {
  limits.notify_waiting = 3;
  Connect();
  ::testing::internal::CaptureStderr();
  for (const auto* session : {"a", "b", "c", "d", "e"}) Report({Failed(session)});
  Pass(std::chrono::minutes(1));
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(Told(), ElementsAre("failed a", "failed d", "failed e"));
  EXPECT_EQ(std::ranges::count(log, '\n'), 2) << log;
  EXPECT_THAT(log, ::testing::HasSubstr(" 2 were lost within a minute\n"));
}

TEST_F(NotifierTest, WhoseInstancesTellTooMuchAtOnceLosesOfTheirOwnOnly) {
  const auto guest = store::EnsureUser(*other, "local", "guest", "guest", time).value().id;
  StartHub();
  Connect();
  testing::FakeLink noisy_link;
  ASSERT_THAT(life->registry.Connected("noisy", guest, {}, noisy_link), IsOk());
  executor.RunUntilIdle();
  control::StatusUpdate update;
  update.status = control::Status::kBusy;
  for (int i = 0; i < 12'000; ++i) update.sessions.push_back(Busy(std::to_string(i)));
  ::testing::internal::CaptureStderr();
  life->registry.SetStatus("noisy", noisy_link, update);
  Report({Failed("a")});
  Pass(std::chrono::minutes(1));
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(Told(), ElementsAre("failed a"));
  EXPECT_EQ(std::ranges::count(log, '\n'), 2) << log;
  EXPECT_THAT(log, ::testing::HasSubstr(" 10000 were lost within a minute\n"));
  life->registry.Disconnected("noisy", noisy_link);
}

}  // namespace
}  // namespace berth::hub
