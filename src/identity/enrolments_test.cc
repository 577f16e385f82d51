// Enrolments: asked, answered once, in time, and hard to guess.
#include "identity/enrolments.h"

#include <algorithm>
#include <set>

#include "identity/fixture_testing.h"

namespace berth::identity {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using Kind = EnrolmentAnswer::Kind;

struct EnrolmentsTest : testing::IdentityFixture {
  Enrolments enrolments{limits, clock, random};

  static EnrolmentRequest Laptop() {
    return {.machine = "laptop.example.org",
            .instance_id = "laptop",
            .agent_version = "1.0",
            .platform = "linux x86_64",
            .address = "192.0.2.1"};
  }
  StartedEnrolment Start() { return enrolments.Start(Laptop()).value(); }
  Kind Poll(const StartedEnrolment& started) {
    Pass(limits.enrolment_interval);
    return enrolments.Poll(started.device_secret.Reveal()).kind;
  }
};

TEST_F(EnrolmentsTest, AnApprovedAgentGetsItsGrantOnce) {
  const auto started = Start();
  EXPECT_EQ(Poll(started), Kind::kPending);
  const auto pending = enrolments.Find(started.user_code);
  ASSERT_THAT(pending, IsOk());
  EXPECT_EQ(pending->request.machine, "laptop.example.org");
  EXPECT_EQ(pending->request.address, "192.0.2.1");
  ASSERT_THAT(
      enrolments.Approve(started.user_code, {.user_id = 7, .terms = {.instance_ids = {"laptop"}}}),
      IsOk());
  EXPECT_THAT(enrolments.Find(started.user_code), FailsWith(ErrorKind::kNotFound));
  Pass(limits.enrolment_interval);
  const auto answer = enrolments.Poll(started.device_secret.Reveal());
  ASSERT_EQ(answer.kind, Kind::kApproved);
  EXPECT_EQ(answer.grant->user_id, 7);
  EXPECT_EQ(answer.grant->terms.instance_ids, std::vector<std::string>{"laptop"});
  EXPECT_EQ(answer.request.instance_id, "laptop");
  EXPECT_EQ(Poll(started), Kind::kPending);
  enrolments.Settle(started.device_secret.Reveal(), "0123456789abcdef");
  Pass(limits.enrolment_interval);
  const auto again = enrolments.Poll(started.device_secret.Reveal());
  EXPECT_EQ(again.kind, Kind::kTaken);
  EXPECT_EQ(again.token_id, "0123456789abcdef");
  EXPECT_FALSE(again.grant.has_value());
}

TEST_F(EnrolmentsTest, ATokenThatCouldNotBeMadeCanBeAskedForAgain) {
  const auto started = Start();
  ASSERT_THAT(enrolments.Approve(started.user_code, {.user_id = 7}), IsOk());
  EXPECT_EQ(Poll(started), Kind::kApproved);
  enrolments.Restore(started.device_secret.Reveal());
  EXPECT_EQ(Poll(started), Kind::kApproved);
}

TEST_F(EnrolmentsTest, EachLetterIsAsLikelyAsAnyOther) {
  // Bytes from 240 on would come to the first letters once more.
  int calls = 0;
  Enrolments drawn{limits, clock, [&](std::span<std::byte> bytes) {
                     std::ranges::fill(bytes, ++calls == 1 ? std::byte{240} : std::byte{19});
                   }};
  EXPECT_EQ(drawn.Start(Laptop())->user_code, "ZZZZ-ZZZZ");
}

TEST_F(EnrolmentsTest, ADeniedAgentIsToldSo) {
  const auto started = Start();
  ASSERT_THAT(enrolments.Deny(started.user_code), IsOk());
  enrolments.Restore(started.device_secret.Reveal());  // There is no token of it.
  EXPECT_EQ(Poll(started), Kind::kDenied);
  EXPECT_THAT(enrolments.Approve(started.user_code, {}), FailsWith(ErrorKind::kNotFound));
}

TEST_F(EnrolmentsTest, AnAnswerIsFinal) {
  const auto started = Start();
  ASSERT_THAT(enrolments.Approve(started.user_code, {.user_id = 7}), IsOk());
  EXPECT_THAT(enrolments.Deny(started.user_code), FailsWith(ErrorKind::kNotFound));
  EXPECT_THAT(enrolments.Approve(started.user_code, {.user_id = 8}),
              FailsWith(ErrorKind::kNotFound));
  Pass(limits.enrolment_interval);
  EXPECT_EQ(enrolments.Poll(started.device_secret.Reveal()).grant->user_id, 7);
}

TEST_F(EnrolmentsTest, ItLivesTenMinutesApprovedOrNot) {
  const auto waiting = Start();
  const auto approved = Start();
  ASSERT_THAT(enrolments.Approve(approved.user_code, {.user_id = 7}), IsOk());
  Pass(std::chrono::minutes(10) - std::chrono::milliseconds(1));
  EXPECT_THAT(enrolments.Find(waiting.user_code), IsOk());
  Pass(std::chrono::milliseconds(1));
  EXPECT_THAT(enrolments.Find(waiting.user_code), FailsWith(ErrorKind::kNotFound));
  EXPECT_EQ(Poll(waiting), Kind::kExpired);
  EXPECT_EQ(Poll(approved), Kind::kExpired);
  Start();
  EXPECT_TRUE(enrolments.Poll(waiting.device_secret.Reveal()).is_known);
}

TEST_F(EnrolmentsTest, SomebodyElsesSecretTellsNothing) {
  const auto started = Start();
  const auto other = Start();
  ASSERT_THAT(enrolments.Approve(started.user_code, {.user_id = 7}), IsOk());
  const std::string mixed = std::string(started.device_secret.Reveal().substr(0, 17)) +
                            std::string(other.device_secret.Reveal().substr(17));
  for (const std::string& wrong : {mixed, std::string("nonsense"), std::string()}) {
    const auto answer = enrolments.Poll(wrong);
    EXPECT_EQ(answer.kind, Kind::kExpired);
    EXPECT_FALSE(answer.is_known);
  }
  EXPECT_EQ(Poll(started), Kind::kApproved);
}

TEST_F(EnrolmentsTest, AskingTooOftenIsRefusedAndLosesNothing) {
  const auto started = Start();
  EXPECT_EQ(Poll(started), Kind::kPending);
  EXPECT_EQ(enrolments.Poll(started.device_secret.Reveal()).kind, Kind::kTooFast);
  ASSERT_THAT(enrolments.Approve(started.user_code, {.user_id = 7}), IsOk());
  EXPECT_EQ(enrolments.Poll(started.device_secret.Reveal()).kind, Kind::kTooFast);
  EXPECT_EQ(Poll(started), Kind::kApproved);
}

TEST_F(EnrolmentsTest, ACodeMayBeTypedAsPeopleType) {
  EXPECT_EQ(NormalizeUserCode(" bcdf-ghjk "), "BCDFGHJK");
  EXPECT_EQ(NormalizeUserCode("BC DF GH JK"), "BCDFGHJK");
  for (const char* wrong : {"", "BCDF-GHJ", "BCDF-GHJKL", "ACDF-GHJK", "BCDF_GHJK", "BCDF-GHJ\0"}) {
    EXPECT_EQ(NormalizeUserCode(wrong), "") << wrong;
  }
  const auto started = Start();
  std::string typed = started.user_code;
  typed.erase(4, 1);
  std::ranges::transform(typed, typed.begin(), [](char c) { return static_cast<char>(c | 0x20); });
  EXPECT_THAT(enrolments.Find(typed), IsOk());
}

TEST_F(EnrolmentsTest, CodesUseAllLettersAndDoNotRepeat) {
  std::set<char> letters;
  std::set<std::string> codes;
  for (int i = 0; i < 500; ++i) {
    const std::string code = Start().user_code;
    ASSERT_EQ(code.size(), 9U);
    ASSERT_EQ(code[4], '-');
    codes.insert(code);
    letters.insert(code.begin(), code.end());
  }
  EXPECT_EQ(codes.size(), 500U);
  EXPECT_EQ(letters.size(), 21U);
}

TEST_F(EnrolmentsTest, ManyAtOncePushOutTheOldest) {
  const auto oldest = Start();
  const auto second = Start();
  for (int i = 0; i < 1023; ++i) Start();
  EXPECT_THAT(enrolments.Find(oldest.user_code), FailsWith(ErrorKind::kNotFound));
  EXPECT_EQ(Poll(oldest), Kind::kExpired);
  EXPECT_THAT(enrolments.Find(second.user_code), IsOk());
}

TEST_F(EnrolmentsTest, RefusesDescriptionsThatWouldSpoilThePage) {
  for (const auto spoil : {
           +[](EnrolmentRequest& request) { request.machine.clear(); },
           +[](EnrolmentRequest& request) { request.machine.assign(101, 'x'); },
           +[](EnrolmentRequest& request) { request.machine = "a\nb"; },
           +[](EnrolmentRequest& request) { request.platform = "\x1b[2J"; },
           +[](EnrolmentRequest& request) { request.agent_version.assign(101, '1'); },
           +[](EnrolmentRequest& request) { request.instance_id = "../x"; },
           +[](EnrolmentRequest& request) { request.instance_id.clear(); },
       }) {
    EnrolmentRequest request = Laptop();
    spoil(request);
    EXPECT_THAT(enrolments.Start(request), FailsWith(ErrorKind::kInvalid));
  }
}

}  // namespace
}  // namespace berth::identity
