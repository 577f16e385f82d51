// Notification targets and the outbox, on a real file.
#include "store/outbox.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "store/instances.h"
#include "store/notify_targets.h"
#include "store/sessions.h"
#include "store/users.h"

namespace berth::store {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::berth::testing::TempFolder;

struct OutboxTest : ::testing::Test {
  TempFolder folder;
  std::unique_ptr<Database> database = Database::Open(folder.path()).value();
  WallTime now = FromUnixMs(1'000'000);
  std::int64_t user = EnsureUser(*database, "local", "owner", "owner", now).value().id;

  NotifyTargetRow Target(std::string id) {
    NotifyTargetRow row;
    row.id = std::move(id);
    row.user_id = user;
    row.kind = NotifyKind::kNtfy;
    row.name = "phone";
    row.sealed_config = {std::byte{1}, std::byte{2}};
    row.events = {"needs_you", "failed"};
    row.created_at = now;
    EXPECT_THAT(InsertNotifyTarget(*database, row), IsOk());
    return row;
  }

  Result<bool> Put(std::string target, std::string key, std::string event = "{}",
                   std::optional<WallTime> at = {}) {
    OutboxRow row;
    row.target_id = std::move(target);
    row.dedupe_key = std::move(key);
    row.event = std::move(event);
    row.created_at = row.not_before = at.value_or(now);
    return InsertOutbox(*database, row);
  }

  std::vector<std::string> Heads() {
    std::vector<std::string> keys;
    for (const auto& head : ListOutboxHeads(*database).value()) {
      keys.push_back(FindOutbox(*database, head.id).value().value().dedupe_key);
    }
    return keys;
  }

  /// What comes first at that target.
  OutboxRow First(std::string_view target) {
    for (const auto& head : ListOutboxHeads(*database).value()) {
      if (head.target_id == target) return FindOutbox(*database, head.id).value().value();
    }
    ADD_FAILURE() << "nothing waits for " << target;
    return {};
  }
};

TEST_F(OutboxTest, ATargetComesBackAsItWasWritten) {
  auto row = Target("t1");
  row.name = "tablet";
  row.events = {"offline"};
  row.quiet = QuietHours{.from = 1320, .to = 420, .utc_offset = -210};
  ASSERT_THAT(UpdateNotifyTarget(*database, row), IsOk());
  const auto read = FindNotifyTarget(*database, "t1").value().value();
  EXPECT_EQ(read.name, "tablet");
  EXPECT_EQ(read.kind, NotifyKind::kNtfy);
  EXPECT_EQ(read.events, row.events);
  EXPECT_EQ(read.quiet, row.quiet);
  EXPECT_EQ(read.sealed_config, row.sealed_config);
  EXPECT_EQ(ListNotifyTargets(*database, user).value().size(), 1U);
  EXPECT_TRUE(ListNotifyTargets(*database, user + 1).value().empty());
  row.id = "other";
  EXPECT_THAT(UpdateNotifyTarget(*database, row), FailsWith(ErrorKind::kNotFound));
}

TEST_F(OutboxTest, AttemptsAreCountedUntilOneSucceeds) {
  Target("t1");
  ASSERT_THAT(NoteNotifyAttempt(*database, "t1", now, "away"), IsOk());
  ASSERT_THAT(NoteNotifyAttempt(*database, "t1", now, "still away"), IsOk());
  auto read = FindNotifyTarget(*database, "t1").value().value();
  EXPECT_EQ(read.failures, 2);
  EXPECT_EQ(read.last_error, "still away");
  EXPECT_EQ(read.last_ok_at, std::nullopt);
  ASSERT_THAT(NoteNotifyAttempt(*database, "t1", now, ""), IsOk());
  read = FindNotifyTarget(*database, "t1").value().value();
  EXPECT_EQ(read.failures, 0);
  EXPECT_EQ(read.last_error, "");
  EXPECT_EQ(read.last_ok_at, now);
}

TEST_F(OutboxTest, EachKeyIsTakenOncePerTargetAlsoWhenItIsDone) {
  Target("t1");
  Target("t2");
  EXPECT_TRUE(Put("t1", "a").value());
  EXPECT_FALSE(Put("t1", "a").value());
  EXPECT_TRUE(Put("t2", "a").value());
  const auto heads = ListOutboxHeads(*database).value();
  ASSERT_EQ(heads.size(), 2U);
  ASSERT_THAT(FinishOutbox(*database, heads[0].id, now), IsOk());
  EXPECT_FALSE(Put("t1", "a").value());
  ASSERT_THAT(PurgeOutbox(*database, now, 9), IsOk());
  EXPECT_FALSE(Put("t1", "a").value());
  ASSERT_THAT(PurgeOutbox(*database, now + std::chrono::milliseconds(1), 9), IsOk());
  EXPECT_TRUE(Put("t1", "a").value());
}

TEST_F(OutboxTest, KeysOfTheLastOnesAreKept) {
  Target("t1");
  for (const auto* key : {"a", "b", "c", "d"}) {
    ASSERT_THAT(Put("t1", key), IsOk());
    if (*key != 'a') ASSERT_THAT(FinishOutbox(*database, First("t1").id + *key - 'a', now), IsOk());
  }
  ASSERT_THAT(PurgeOutbox(*database, now, 2), IsOk());
  EXPECT_FALSE(Put("t1", "a").value()) << "it waits";
  EXPECT_FALSE(Put("t1", "c").value());
  EXPECT_FALSE(Put("t1", "d").value());
  EXPECT_TRUE(Put("t1", "b").value());
}

TEST_F(OutboxTest, OfEachTargetTheOldestComesFirst) {
  Target("t1");
  Target("t2");
  for (const auto* key : {"a", "b"}) ASSERT_THAT(Put("t1", key), IsOk());
  ASSERT_THAT(Put("t2", "c"), IsOk());
  EXPECT_THAT(Heads(), ::testing::ElementsAre("a", "c"));
  EXPECT_EQ(CountOutbox(*database, "t1").value(), 2);
  const auto first = First("t1");
  ASSERT_THAT(PostponeOutbox(*database, first.id, now + std::chrono::hours(1), now), IsOk());
  ASSERT_THAT(NoteOutboxAttempt(*database, first, now), IsOk());
  EXPECT_THAT(Heads(), ::testing::ElementsAre("c", "a")) << "what has not been tried goes before";
  const auto later = First("t1");
  EXPECT_EQ(later.id, first.id);
  EXPECT_EQ(later.attempts, 1);
  EXPECT_EQ(later.first_attempt_at, now);
  EXPECT_EQ(later.not_before, now + std::chrono::hours(1));
  ASSERT_THAT(FinishOutbox(*database, first.id, now), IsOk());
  EXPECT_THAT(Heads(), ::testing::ElementsAre("b", "c"));
  EXPECT_TRUE(DeleteNotifyTarget(*database, "t1").value());
  EXPECT_THAT(Heads(), ::testing::ElementsAre("c"));
}

TEST_F(OutboxTest, ABrowsersTargetEndsWithItsSession) {
  for (const auto* id : {"laptop", "phone"}) {
    SessionRow session;
    session.id = id;
    session.user_id = user;
    ASSERT_THAT(InsertSession(*database, session), IsOk());
  }
  for (const auto* id : {"t1", "t2", "t3"}) Target(id);
  auto bound = FindNotifyTarget(*database, "t1").value().value();
  EXPECT_EQ(bound.session_id, std::nullopt);
  for (const auto& [id, session] : {std::pair("t1", "laptop"), {"t2", "phone"}}) {
    bound.id = id;
    bound.session_id = session;
    ASSERT_THAT(UpdateNotifyTarget(*database, bound), IsOk());
    EXPECT_EQ(FindNotifyTarget(*database, id).value()->session_id, session);
  }
  for (const auto* id : {"t1", "t2", "t3"}) ASSERT_THAT(Put(id, id), IsOk());
  ASSERT_THAT(DeleteNotifyTargetsOfSession(*database, "laptop"), IsOk());
  ASSERT_THAT(DeleteSession(*database, "laptop"), IsOk());
  EXPECT_EQ(FindNotifyTarget(*database, "t1").value(), std::nullopt);
  ASSERT_THAT(DeleteSession(*database, "phone"), IsOk());  // Expired.
  EXPECT_EQ(FindNotifyTarget(*database, "t2").value()->session_id, std::nullopt);
  EXPECT_THAT(Heads(), ::testing::ElementsAre("t2", "t3"));
  bound.session_id = "laptop";
  EXPECT_THAT(UpdateNotifyTarget(*database, bound), FailsWith(ErrorKind::kConflict));
  bound.id = "t4";
  EXPECT_THAT(InsertNotifyTarget(*database, bound), FailsWith(ErrorKind::kConflict));
}

TEST_F(OutboxTest, AnAttemptIsTheFirstForAllThatWaitForIt) {
  Target("t1");
  Target("t2");
  for (const auto* key : {"a", "b"}) ASSERT_THAT(Put("t1", key), IsOk());
  ASSERT_THAT(Put("t2", "c"), IsOk());
  const auto first = First("t1");
  ASSERT_THAT(NoteOutboxAttempt(*database, first, now), IsOk());
  const auto later = now + std::chrono::minutes(30);
  ASSERT_THAT(Put("t1", "d", "{}", later), IsOk());
  ASSERT_THAT(NoteOutboxAttempt(*database, first, now + std::chrono::hours(1)), IsOk());
  const auto first_and_count = [this](std::string_view target) {
    const auto row = First(target);
    EXPECT_THAT(FinishOutbox(*database, row.id, now), IsOk());
    return std::pair(row.first_attempt_at, row.attempts);
  };
  using Pair = std::pair<std::optional<WallTime>, std::int64_t>;
  EXPECT_EQ(first_and_count("t1"), Pair(now, 2)) << "a";
  EXPECT_EQ(first_and_count("t1"), Pair(now, 0)) << "b";
  EXPECT_EQ(first_and_count("t1"), Pair(later, 0)) << "d";
  EXPECT_EQ(first_and_count("t2"), Pair(std::nullopt, 0)) << "c";
}

TEST_F(OutboxTest, WhatAnAttemptWritesDoesNotGrowWithWhatWaits) {
  Target("t1");
  for (int i = 0; i < 100; ++i) ASSERT_THAT(Put("t1", std::to_string(i)), IsOk());
  const auto written = [this] {
    return database
        ->First("SELECT total_changes()", {}, [](const Row& row) { return row.Integer(0); })
        .value()
        .value();
  };
  const auto before = written();
  ASSERT_THAT(NoteOutboxAttempt(*database, First("t1"), now), IsOk());
  ASSERT_THAT(ForgetOutboxAttempts(*database, "t1"), IsOk());
  EXPECT_EQ(written() - before, 3);
}

TEST_F(OutboxTest, AFullQueueKeepsItsFirstAndTheNewest) {
  Target("t1");
  Target("t2");
  for (const auto* key : {"a", "b", "c", "d", "e"}) ASSERT_THAT(Put("t1", key), IsOk());
  ASSERT_THAT(Put("t2", "f"), IsOk());
  EXPECT_EQ(TrimOutbox(*database, "t1", 5).value(), 0);
  EXPECT_EQ(TrimOutbox(*database, "t1", 3).value(), 2);
  std::vector<std::string> left;
  for (int i = 0; i < 3; ++i) {
    const auto first = First("t1");
    left.push_back(first.dedupe_key);
    ASSERT_THAT(FinishOutbox(*database, first.id, now), IsOk());
  }
  EXPECT_THAT(left, ::testing::ElementsAre("a", "d", "e"));
  EXPECT_EQ(CountOutbox(*database, "t2").value(), 1);
  EXPECT_TRUE(Put("t1", "b").value()) << "of what was never sent no key stays";
}

TEST_F(OutboxTest, AFullQueueGivesUpWhatIsOfWhomTheMostWaits) {
  Target("t1");
  const auto guest = EnsureUser(*database, "local", "guest", "guest", now).value().id;
  for (const auto& [id, owner] : {std::pair("mine", user), {"theirs", guest}, {"more", guest}}) {
    ASSERT_THAT(ClaimInstance(*database, id, owner, "{}", now), IsOk());
  }
  const auto put = [this](std::string_view keys, std::string_view instance) {
    const std::string event = fmt::format(R"({{"client_id":"{}"}})", instance);
    for (const char key : keys) ASSERT_THAT(Put("t1", std::string(1, key), event), IsOk());
  };
  const auto trimmed = [this](std::int64_t most) {
    EXPECT_THAT(TrimOutbox(*database, "t1", most), IsOk());
    auto keys = database->All("SELECT dedupe_key FROM outbox ORDER BY id", {},
                              [](const Row& row) { return row.String(0); });
    return fmt::format("{}", fmt::join(keys.value(), ""));
  };
  put("ab", "mine");
  put("cdef", "theirs");
  put("ghij", "more");
  EXPECT_EQ(trimmed(10), "abcdefghij");
  EXPECT_EQ(trimmed(6), "abghij");
  EXPECT_EQ(trimmed(6), "abghij") << "what comes first counts once";
  put("k", "gone");
  EXPECT_EQ(trimmed(5), "abijk");
  put("lmnop", "mine");
  EXPECT_EQ(trimmed(6), "aijkop");
  EXPECT_EQ(trimmed(1), "a");
}

TEST_F(OutboxTest, WhatGoesOnIsRememberedUntilItEnds) {
  NotifyWatchRow run{.instance_id = "laptop", .session_id = "s1", .run_id = now, .title = "one"};
  NotifyWatchRow online{
      .instance_id = "laptop", .what = NotifyWatchRow::What::kOnline, .run_id = now};
  ASSERT_THAT(PutNotifyWatch(*database, run), IsOk());
  ASSERT_THAT(PutNotifyWatch(*database, online), IsOk());
  run.title = "two";
  ASSERT_THAT(PutNotifyWatch(*database, run), IsOk());
  EXPECT_THAT(ListNotifyWatch(*database).value(), ::testing::ElementsAre(online, run));
  ASSERT_THAT(DeleteNotifyWatch(*database, run), IsOk());
  EXPECT_THAT(ListNotifyWatch(*database).value(), ::testing::ElementsAre(online));
}

}  // namespace
}  // namespace berth::store
