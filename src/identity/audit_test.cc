// What is written sparsely: once a minute each, and nobody takes the room of others.
#include "identity/audit.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "identity/fixture_testing.h"

namespace berth::identity {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

struct AuditTest : testing::IdentityFixture {
  Audit audit{executor, *store, clock};

  void Deny(const std::string& address, const std::string& instance_id = {}) {
    audit.RecordSparsely({.action = audit_action::kAccess,
                          .result = audit_result::kDenied,
                          .instance_id = instance_id,
                          .address = address});
  }
  void DenyUser(std::int64_t user_id, const std::string& instance_id) {
    audit.RecordSparsely({.action = audit_action::kAccess,
                          .result = audit_result::kDenied,
                          .actor_id = user_id,
                          .instance_id = instance_id,
                          .address = "203.0.113.9"});
  }
  void Connect(std::int64_t user_id, const std::string& instance_id) {
    audit.RecordSparsely({.action = audit_action::kAgentConnect,
                          .actor_id = user_id,
                          .instance_id = instance_id,
                          .address = "203.0.113.9"});
  }

  /// The instances of what was written since the last call.
  std::vector<std::string> Written() {
    executor.RunUntilIdle();
    std::vector<std::string> ids;
    const auto each = [&](const store::AuditRow& row) {
      ids.push_back(row.entry.instance_id);
      seen_ = row.seq;
    };
    EXPECT_THAT(store::EachAudit(*other, seen_, {}, each), berth::testing::IsOk());
    return ids;
  }

 private:
  std::int64_t seen_ = 0;
};

TEST_F(AuditTest, TheSameIsWrittenOnceAMinute) {
  for (int i = 0; i < 3; ++i) Deny("203.0.113.9", "box");
  Deny("203.0.113.9", "other");
  Deny("203.0.113.10", "box");
  DenyUser(owner, "box");
  EXPECT_EQ(Written().size(), 4U);
  Pass(seconds(59));
  Deny("203.0.113.9", "box");
  EXPECT_EQ(Written().size(), 0U);
  Pass(seconds(1));
  for (int i = 0; i < 3; ++i) Deny("203.0.113.9", "box");
  EXPECT_EQ(Written().size(), 1U);
}

TEST_F(AuditTest, TheMinuteIsNoneOfTheTimeOfDay) {
  Deny("203.0.113.9", "box");
  EXPECT_EQ(Written().size(), 1U);
  time -= std::chrono::hours(1);
  Pass(seconds(60));
  Deny("203.0.113.9", "box");
  EXPECT_EQ(Written().size(), 1U);
}

TEST_F(AuditTest, ANoisyAddressFillsItsOwnShareOnly) {
  for (int i = 0; i < 5'000; ++i) Deny("203.0.113.9", fmt::format("noise-{}", i));
  EXPECT_EQ(Written().size(), 100U);
  Deny("203.0.113.10", "quiet");
  DenyUser(owner, "denied");
  Connect(owner, "connected");
  EXPECT_THAT(Written(), ElementsAre("quiet", "denied", "connected"));
  Pass(seconds(60));
  Deny("203.0.113.9", "later");
  EXPECT_THAT(Written(), ElementsAre("later"));
}

TEST_F(AuditTest, ANoisyUserFillsTheirOwnShareOnly) {
  for (int i = 0; i < 5'000; ++i) DenyUser(owner, fmt::format("noise-{}", i));
  EXPECT_EQ(Written().size(), 100U);
  DenyUser(owner + 1, "another");
  Connect(owner, "connected");
  Deny("203.0.113.9", "nobody");
  EXPECT_THAT(Written(), ElementsAre("another", "connected", "nobody"));
}

TEST_F(AuditTest, AllAddressesTogetherLeaveTheShareOfUsers) {
  for (int i = 0; i < 5'000; ++i) Deny(fmt::format("203.{}.{}.9", i / 250, i % 250));
  EXPECT_EQ(Written().size(), 2'000U);
  DenyUser(owner, "denied");
  Connect(owner, "connected");
  EXPECT_THAT(Written(), ElementsAre("denied", "connected"));
  Pass(seconds(60));
  Deny("203.0.113.9", "later");
  EXPECT_THAT(Written(), ElementsAre("later"));
}

TEST_F(AuditTest, WhatSomebodyMadeUpIsOneLineOfPlainText) {
  audit.Record({.action = audit_action::kSignIn,
                .actor = "a\nb",
                .instance_id = "c\x1b[2J",
                .address = "d\re",
                .detail = std::string("f\0g", 3)});
  executor.Await(audit.Flush());
  const auto rows = store::ListAudit(*other, 0, 1).value().rows;
  ASSERT_EQ(rows.size(), 1U);
  const store::AuditEntry& entry = rows[0].entry;
  for (const std::string& text : {entry.actor, entry.instance_id, entry.address, entry.detail}) {
    EXPECT_FALSE(text.empty());
    EXPECT_FALSE(HasControl(text)) << text;
  }
}

TEST_F(AuditTest, EachOfAThousandAgentsThatComeBackIsWritten) {
  for (int i = 0; i < 1'000; ++i) Connect(owner, fmt::format("agent-{}", i));
  EXPECT_EQ(Written().size(), 1'000U);
}

}  // namespace
}  // namespace berth::identity
