// The outbox on a real database, with receivers in memory and time that the test moves.
#include "hub/outbox.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/encoding.h"
#include "http/date.h"
#include "identity/audit.h"
#include "identity/fixture_testing.h"
#include "identity/web_testing.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kUrl = "https://example.com/hook";

struct OutboxTest : identity::testing::IdentityFixture {
  identity::Audit audit{executor, *store, clock};
  identity::testing::FakeWeb web;
  P256PrivateKey key = P256PrivateKey::Generate(random);
  bool may_know = true;
  std::function<void()> at_clock = [] {};  ///< Before the outbox is told the time.
  std::byte chance{0x80};                  ///< How long a pause is: half of it and this share.
  Outbox outbox{Outbox::Parts{
      .executor = executor,
      .store = *store,
      .web = web,
      .sealer = sealer,
      .limits = limits,
      .audit = audit,
      .clock =
          [this] {
            at_clock();
            return time;
          },
      .random =
          [this](std::span<std::byte> bytes) {
            random(bytes);
            if (bytes.size() == 1) bytes[0] = chance;
          },
      .identity = {.key = key, .subject = "https://hub.example"},
      .may_know = [this](const store::NotifyTargetRow&, const std::string&) { return may_know; }}};
  Job job;

  OutboxTest() { AddTarget("t1", kUrl); }

  void AddTarget(std::string id, std::string_view url,
                 store::NotifyKind kind = store::NotifyKind::kSlack,
                 std::optional<store::QuietHours> quiet = std::nullopt,
                 std::optional<std::int64_t> user = std::nullopt) {
    NotifyConfig config;
    config.url = url;
    const auto browser = P256PrivateKey::Generate(random);
    config.p256dh = Base64UrlEncode(browser.public_point());
    config.auth = Base64UrlEncode(RandomBytes<16>(random));
    store::NotifyTargetRow row;
    row.id = std::move(id);
    row.user_id = user.value_or(owner);
    row.kind = kind;
    row.events = {"needs_you"};
    row.quiet = quiet;
    row.sealed_config = SealNotifyConfig(sealer, row.id, config);
    EXPECT_THAT(store::InsertNotifyTarget(*other, row), IsOk());
  }

  void Put(std::string target, std::string event_key, std::string title = "title") {
    Notification notification;
    notification.event = "needs_you";
    notification.title = std::move(title);
    notification.client_id = "laptop";
    notification.at = time;
    store::OutboxRow row;
    row.target_id = std::move(target);
    row.dedupe_key = std::move(event_key);
    row.event = ToJson(notification);
    row.created_at = row.not_before = time;
    EXPECT_THAT(store::InsertOutbox(*other, row), IsOk());
  }

  void Begin() {
    job = Job(executor, "outbox", outbox.Run());
    executor.RunUntilIdle();
  }

  void Wake() {
    outbox.Wake();
    executor.RunUntilIdle();
  }

  /// The next attempt comes after that time, to a hundredth.
  void ExpectPause(milliseconds pause) {
    const std::size_t before = web.questions.size();
    Pass(pause - pause / 100);
    Wake();
    EXPECT_EQ(web.questions.size(), before) << "it is not due yet";
    Pass(pause / 100);
    Wake();
    EXPECT_EQ(web.questions.size(), before + 1);
  }

  /// Both clocks, in small steps: the outbox reads one and sleeps by the other.
  void PassInSteps(milliseconds all, milliseconds step) {
    for (milliseconds passed{0}; passed < all; passed += step) {
      Pass(step);
      Wake();
    }
  }

  store::NotifyTargetRow Target(std::string_view id = "t1") {
    return store::FindNotifyTarget(*other, id).value().value();
  }
  /// From now on.
  store::QuietHours TwoQuietHours() const {
    const auto today = std::chrono::floor<minutes>(time.time_since_epoch()) % std::chrono::days(1);
    const int from = static_cast<int>(minutes(today).count());
    return {.from = from, .to = (from + 120) % (24 * 60)};
  }
  std::int64_t Waiting(std::string_view id = "t1") {
    return store::CountOutbox(*other, id).value();
  }
};

TEST_F(OutboxTest, DeliversInOrderAndNotesIt) {
  web.Answer(std::string(kUrl), 200, "ok");
  Put("t1", "a", "one");
  Put("t1", "b", "two");
  Begin();
  ASSERT_EQ(web.questions.size(), 2U);
  EXPECT_NE(web.questions[0].body.find("one"), std::string::npos);
  EXPECT_NE(web.questions[1].body.find("two"), std::string::npos);
  EXPECT_EQ(Waiting(), 0);
  EXPECT_EQ(Target().last_ok_at, time);
  Put("t1", "c");
  Wake();
  EXPECT_EQ(web.questions.size(), 3U);
}

TEST_F(OutboxTest, TriesAgainLaterAndLaterWithTheSameKey) {
  web.is_away = true;
  Put("t1", "a");
  Put("t1", "b");
  Begin();
  ASSERT_EQ(web.questions.size(), 1U);
  EXPECT_EQ(Target().failures, 1);
  ExpectPause(limits.notify_retry_min * 3 / 4);
  ExpectPause(limits.notify_retry_min * 3 / 2);
  chance = {};
  ExpectPause(limits.notify_retry_min * 3);  // Its length was settled when the last one failed.
  ExpectPause(limits.notify_retry_min * 4);
  for (const auto& question : web.questions) {
    EXPECT_EQ(question.fields.Find("idempotency-key"), IdempotencyKey("t1", "a"));
  }
  web.is_away = false;
  web.Answer(std::string(kUrl), 204, "");
  Pass(8 * limits.notify_retry_min);
  Wake();
  EXPECT_EQ(Waiting(), 0);
  EXPECT_EQ(Target().failures, 0);
  EXPECT_EQ(web.questions.back().fields.Find("idempotency-key"), IdempotencyKey("t1", "b"));
}

TEST_F(OutboxTest, GivesUpAfterADayAndSaysSo) {
  web.is_away = true;
  Put("t1", "a");
  Begin();
  PassInSteps(limits.notify_give_up + 2 * limits.notify_retry_max, minutes(30));
  EXPECT_EQ(Waiting(), 0);
  EXPECT_LT(web.questions.size(), 60U);
  EXPECT_GT(web.questions.size(), 20U);
  EXPECT_FALSE(Target().last_error.empty());
  executor.Await(audit.Flush());
  const auto rows = store::ListAudit(*other, 0, 10).value().rows;
  EXPECT_EQ(rows.front().entry.action, identity::audit_action::kNotifyGiveUp);
}

TEST_F(OutboxTest, AReceiverThatWasAwayForLongGetsWhatIsNotOld) {
  web.is_away = true;
  Begin();
  for (int i = 0; i < 60; ++i) {
    Put("t1", std::to_string(i));
    PassInSteps(hours(1), minutes(10));
  }
  web.questions.clear();
  web.is_away = false;
  web.Answer(std::string(kUrl), 200, "");
  PassInSteps(limits.notify_retry_max, minutes(10));
  EXPECT_EQ(Waiting(), 0);
  ASSERT_GT(web.questions.size(), 20U);
  EXPECT_LT(web.questions.size(), 30U);
  EXPECT_EQ(web.questions.back().fields.Find("idempotency-key"), IdempotencyKey("t1", "59"));
}

TEST_F(OutboxTest, TimeInWhichTheHubWasAwayDoesNotCount) {
  Put("t1", "a");
  Put("t1", "b");
  Pass(2 * limits.notify_give_up);
  web.is_away = true;
  Begin();
  PassInSteps(minutes(1), seconds(1));
  web.is_away = false;
  web.Answer(std::string(kUrl), 200, "");
  PassInSteps(minutes(2), seconds(10));
  EXPECT_EQ(Waiting(), 0);
  EXPECT_EQ(web.questions.back().fields.Find("idempotency-key"), IdempotencyKey("t1", "b"));
  EXPECT_EQ(Target().failures, 0);
}

TEST_F(OutboxTest, NorDoesItIfAnAttemptHadFailedBefore) {
  for (const auto* key : {"a", "b", "c"}) Put("t1", key);
  web.is_away = true;
  Begin();
  Pass(2 * limits.notify_give_up);
  PassInSteps(minutes(1), seconds(1));
  EXPECT_EQ(Waiting(), 3);
  web.is_away = false;
  web.Answer(std::string(kUrl), 200, "");
  PassInSteps(minutes(2), seconds(10));
  EXPECT_EQ(Waiting(), 0);
  EXPECT_EQ(Target().failures, 0);
}

TEST_F(OutboxTest, WhatWasGivenUpIsNoSignForWhatComesMuchLater) {
  web.is_away = true;
  Put("t1", "a");
  Begin();
  web.is_away = false;
  web.Answer(std::string(kUrl), 400, "");
  PassInSteps(minutes(2), seconds(10));
  EXPECT_EQ(Waiting(), 0);
  job = {};
  Put("t1", "b");
  Pass(limits.notify_give_up - hours(1));
  web.is_away = true;
  Begin();
  PassInSteps(hours(2), minutes(10));
  EXPECT_EQ(Waiting(), 1) << "nobody tried until an hour ago";
}

TEST_F(OutboxTest, WhatArrivesLetsTheRestBeginAnew) {
  for (const auto* key : {"a", "b", "c"}) Put("t1", key);
  web.is_away = true;
  Begin();
  PassInSteps(limits.notify_give_up - hours(1), minutes(10));
  web.is_away = false;
  web.Answer(std::string(kUrl), 200, "");
  PassInSteps(limits.notify_retry_max, minutes(10));
  Put("t1", "d");
  web.is_away = true;
  Wake();
  PassInSteps(hours(2), minutes(10));
  EXPECT_EQ(Waiting(), 1);
}

TEST_F(OutboxTest, AMessageThatIsRefusedForGoodDoesNotHoldUpTheRest) {
  web.Answer(std::string(kUrl), 400, "");
  Put("t1", "a");
  Put("t1", "b");
  Begin();
  EXPECT_EQ(web.questions.size(), 2U);
  EXPECT_EQ(Waiting(), 0);
  // Whose target it is makes as many of them as they like.
  executor.Await(audit.Flush());
  const auto rows = store::ListAudit(*other, 0, 10).value().rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].entry.actor, "hub");
  EXPECT_EQ(rows[0].entry.actor_id, owner);
}

TEST_F(OutboxTest, AnswersMaySayWhenToComeBack) {
  const auto answer = [this](std::string retry_after) {
    web.Answer(std::string(kUrl), 503, "", {{"retry-after", std::move(retry_after)}});
  };
  const auto date_in = [this](seconds later) {
    return http::FormatHttpDate(std::chrono::floor<seconds>(time) + later);
  };
  answer("600");
  Put("t1", "a");
  Begin();
  answer(date_in(seconds(600 + 300)));
  ExpectPause(seconds(600));
  answer("86400");
  ExpectPause(seconds(300));
  answer("Fri, 31 Dec 9999 23:59:59 GMT");
  ExpectPause(limits.notify_retry_max);
  // Sooner than in any case, or no time at all.
  answer("0");
  ExpectPause(limits.notify_retry_max);
  milliseconds own = limits.notify_retry_min * 12;
  for (const std::string& other_time :
       {date_in(seconds(-600)), std::string("soon"), std::string("-1")}) {
    answer(other_time);
    ExpectPause(own);
    own *= 2;
  }
  ExpectPause(own);
}

TEST_F(OutboxTest, ASlowTargetHoldsUpNobodyElse) {
  AddTarget("t2", "https://example.org/x");
  web.Answer("https://example.org/x", 200, "");
  Put("t1", "a");
  Put("t2", "a");
  Begin();
  EXPECT_EQ(Waiting("t1"), 1);
  EXPECT_EQ(Waiting("t2"), 0);
}

TEST_F(OutboxTest, SlowTargetsOfOnePersonHoldUpNobodyElse) {
  Event never(executor);
  web.before_answer = [&](std::string url) -> Task<void> {
    if (url == kUrl) co_await never.Wait();
  };
  const auto guest = store::EnsureUser(*other, "local", "guest", "guest", time).value().id;
  for (int i = 0; i < 40; ++i) {
    AddTarget(fmt::format("slow{}", i), kUrl);
    Put(fmt::format("slow{}", i), "a");
  }
  AddTarget("theirs", "https://example.org/x", store::NotifyKind::kSlack, std::nullopt, guest);
  web.Answer("https://example.org/x", 200, "");
  Put("theirs", "a");
  Begin();
  EXPECT_EQ(Waiting("theirs"), 0);
  EXPECT_EQ(web.questions.size(), 3U);
  never.Set();
  executor.RunUntilIdle();
  EXPECT_EQ(web.questions.size(), 41U);
}

TEST_F(OutboxTest, NotAllTargetsAreSpokenToAtOnce) {
  Event never(executor);
  web.before_answer = [&](std::string) -> Task<void> { co_await never.Wait(); };
  for (int i = 0; i < 40; ++i) {
    const std::string name = fmt::format("u{}", i);
    const auto user = store::EnsureUser(*other, "local", name, name, time).value().id;
    AddTarget(name, kUrl, store::NotifyKind::kSlack, std::nullopt, user);
    Put(name, "a");
  }
  Begin();
  EXPECT_EQ(web.questions.size(), 32U);
  never.Set();
  executor.RunUntilIdle();
  EXPECT_EQ(web.questions.size(), 40U);
}

TEST_F(OutboxTest, QuietHoursDelayAndDropNothing) {
  AddTarget("t2", kUrl, store::NotifyKind::kSlack, TwoQuietHours());
  web.Answer(std::string(kUrl), 200, "");
  Put("t2", "a");
  Put("t2", "b");
  Begin();
  PassInSteps(minutes(118), minutes(1));
  EXPECT_TRUE(web.questions.empty());
  PassInSteps(minutes(3), minutes(1));
  EXPECT_EQ(web.questions.size(), 2U);
  EXPECT_EQ(Target("t2").failures, 0);
}

TEST_F(OutboxTest, QuietHoursThatEndWhileItIsLookedAtDelayNothing) {
  AddTarget("t2", kUrl, store::NotifyKind::kSlack, TwoQuietHours());
  web.Answer(std::string(kUrl), 200, "");
  Put("t2", "a");
  int looks = 0;
  at_clock = [&] {
    if (++looks != 2) return;  // The first is for what is due; now its target has been read.
    auto target = Target("t2");
    target.quiet.reset();
    EXPECT_THAT(store::UpdateNotifyTarget(*other, target), IsOk());
    EXPECT_THAT(store::HastenOutbox(*other, "t2"), IsOk());
  };
  Begin();
  EXPECT_EQ(web.questions.size(), 1U);
  EXPECT_EQ(Waiting("t2"), 0);
}

TEST_F(OutboxTest, AClockThatIsSetBackHoldsNothingUpAndMakesNoHaste) {
  web.is_away = true;
  Put("t1", "a");
  Put("t1", "b");
  Begin();
  ASSERT_EQ(web.questions.size(), 1U);
  time -= hours(1);
  Wake();
  ASSERT_EQ(web.questions.size(), 2U) << "it is due now";
  ExpectPause(limits.notify_retry_min * 3 / 2);
  web.is_away = false;
  web.Answer(std::string(kUrl), 200, "");
  Pass(limits.notify_retry_min * 3);
  Wake();
  EXPECT_EQ(Waiting(), 0);
}

TEST_F(OutboxTest, QuietHoursHoldAlsoAfterTheClockIsSetBack) {
  time -= hours(1);
  AddTarget("t2", kUrl, store::NotifyKind::kSlack, TwoQuietHours());
  time += hours(1);
  web.Answer(std::string(kUrl), 200, "");
  Put("t2", "a");
  Begin();
  time -= hours(1);
  Wake();
  PassInSteps(minutes(118), minutes(1));
  EXPECT_TRUE(web.questions.empty());
  PassInSteps(minutes(3), minutes(1));
  EXPECT_EQ(web.questions.size(), 1U);
}

TEST_F(OutboxTest, APushServiceThatForgotTheBrowserEndsItsTarget) {
  AddTarget("t2", "https://push.example/1", store::NotifyKind::kWebPush);
  web.Answer("https://push.example/1", 410, "");
  web.Answer(std::string(kUrl), 410, "");
  Put("t1", "a");
  Put("t2", "a");
  Begin();
  EXPECT_EQ(store::FindNotifyTarget(*other, "t2").value(), std::nullopt);
  EXPECT_EQ(Waiting("t2"), 0);
  EXPECT_EQ(Waiting("t1"), 1) << "a webhook may come back";
}

TEST_F(OutboxTest, WhoLostAccessIsNotTold) {
  web.Answer(std::string(kUrl), 200, "");
  may_know = false;
  Put("t1", "a");
  Begin();
  EXPECT_TRUE(web.questions.empty());
  EXPECT_EQ(Waiting(), 0);
}

}  // namespace
}  // namespace berth::hub
