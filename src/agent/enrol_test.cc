// Enrolling, against a hub that answers as each test says.
#include "agent/enrol.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/executor_testing.h"
#include "base/result_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;
using namespace std::chrono_literals;

constexpr const char* kStarted =
    R"({"device_secret":"s3cret","user_code":"BCDF-GHJK","verification_url":"https://hub.example.org/enroll","interval":5,"expires_in":60})";

/// Answers with what was put in, in order; the last one again and again.
class ScriptedHub : public http::Service {
 public:
  void Answer(int status, std::string json) { answers_.emplace_back(status, std::move(json)); }
  void AnswerNothing() { answers_.emplace_back(0, ""); }

  Task<Result<http::Response>> Exchange(http::Request request) override {
    targets.push_back(request.head.method + ' ' + request.head.target);
    auto body = co_await http::ReadAll(request.body.get(), 10'000);
    bodies.push_back(*body);
    const auto [status, json] = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    if (status == 0) co_return Unavailable("nobody there");
    const bool is_problem = status == 400 || status == 421;
    auto response = http::TextResponse(
        status, is_problem ? "application/problem+json" : "application/json", json);
    if (status == 429) response.head.fields.Add("retry-after", "20");
    co_return response;
  }

  std::vector<std::string> targets;
  std::vector<std::string> bodies;

 private:
  std::deque<std::pair<int, std::string>> answers_;
};

struct EnrolTest : ::testing::Test {
  TestExecutor executor;
  ScriptedHub hub;
  Enrolment enrolment{executor, hub, HubPlace::Parse("https://hub.example.org/sub").value()};
  std::optional<Result<EnrolmentGrant>> outcome;
  Task<void> waiting;

  Result<EnrolmentCode> Ask() {
    return executor.Await(
        enrolment.Ask({.machine = "m\"1", .platform = "linux", .client_id = "laptop"}));
  }
  Task<void> Wait() { outcome = co_await enrolment.Await(); }
  void Begin() {
    hub.Answer(201, kStarted);
    ASSERT_THAT(Ask(), IsOk());
    waiting = Wait();
    waiting.Start();
    executor.RunUntilIdle();
  }
};

TEST_F(EnrolTest, ShowsTheCodeAndBringsTheGrant) {
  hub.Answer(201, kStarted);
  hub.Answer(200, R"({"status":"pending"})");
  hub.Answer(
      200,
      R"({"status":"approved","token":"ao_1_2","token_id":"1","approved_by":"anna","instance_ids":["laptop"],"expires_at":null,"keys":[{"id":"x","public_key":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}]})");
  const auto code = Ask();
  ASSERT_THAT(code, IsOk());
  EXPECT_EQ(code->code, "BCDF-GHJK");
  EXPECT_EQ(code->url_with_code(), "https://hub.example.org/enroll#BCDF-GHJK");
  EXPECT_EQ(code->lifetime, 60s);
  EXPECT_EQ(hub.targets.at(0), "POST /sub/api/enrolments");
  EXPECT_TRUE(hub.bodies.at(0).starts_with(R"({"machine":"m\"1","instance_id":"laptop",)"));
  waiting = Wait();
  waiting.Start();
  executor.Advance(4999ms);
  EXPECT_EQ(hub.targets.size(), 1U);
  executor.Advance(1ms);
  EXPECT_EQ(hub.targets.size(), 2U);
  EXPECT_EQ(hub.bodies.at(1), R"({"device_secret":"s3cret"})");
  EXPECT_FALSE(outcome.has_value());
  executor.Advance(5s);
  ASSERT_TRUE(outcome.has_value());
  ASSERT_THAT(*outcome, IsOk());
  const EnrolmentGrant& grant = **outcome;
  EXPECT_EQ(grant.token.Reveal(), "ao_1_2");
  EXPECT_EQ(grant.instance_ids, std::vector<std::string>{"laptop"});
  EXPECT_EQ(grant.approved_by, "anna");
  EXPECT_EQ(grant.expires_at, "");
  EXPECT_EQ(grant.keys.at(0).Text(), "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw");
}

TEST_F(EnrolTest, WaitsOutWhatMayPass) {
  Begin();
  hub.AnswerNothing();
  hub.Answer(503, "{}");
  hub.Answer(429, "{}");
  hub.Answer(200, R"({"status":"approved","token":"t"})");
  executor.Advance(5s);   // What Ask() got: not an answer to this question.
  executor.Advance(15s);  // Away, 503, 429.
  EXPECT_EQ(hub.targets.size(), 5U);
  executor.Advance(19s);
  EXPECT_EQ(hub.targets.size(), 5U);
  executor.Advance(1s);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(*outcome, IsOk());
}

TEST_F(EnrolTest, GivesUpWhenTheTimeIsOver) {
  Begin();
  hub.Answer(200, R"({"status":"pending"})");
  executor.Advance(59s);
  EXPECT_FALSE(outcome.has_value());
  executor.Advance(6s);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(*outcome, FailsWith(ErrorKind::kTimeout));
}

TEST_F(EnrolTest, SaysWhetherItWasDeniedOrForgotten) {
  Begin();
  hub.Answer(200, R"({"status":"denied"})");
  executor.Advance(10s);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(*outcome, FailsWith(ErrorKind::kForbidden));
  EXPECT_EQ(outcome->error().message, "it was denied at the hub");
  outcome.reset();
  hub.Answer(200, R"({"status":"expired"})");
  waiting = Wait();
  waiting.Start();
  executor.Advance(10s);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_FALSE(outcome->has_value());
}

TEST_F(EnrolTest, SaysWhyTheHubDeniedIt) {
  Begin();
  hub.Answer(200, R"({"status":"denied","reason":"too many\u001b[2J"})");
  executor.Advance(10s);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error().message, "it was denied at the hub: too many\\x1b[2J");
}

TEST_F(EnrolTest, SaysWhichTokenIsLostWhenItsAnswerDidNotArrive) {
  Begin();
  hub.Answer(200, R"({"status":"taken","token_id":"0123456789abcdef"})");
  executor.Advance(10s);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(*outcome, FailsWith(ErrorKind::kConflict));
  EXPECT_TRUE(outcome->error().message.contains("0123456789abcdef"));
}

TEST_F(EnrolTest, WhatIsNoHubIsRefused) {
  for (const char* answer :
       {"{}", "[]", R"({"device_secret":"s","user_code":"A B","verification_url":"https://h"})",
        R"({"device_secret":"s","user_code":"\u001b[2J","verification_url":"https://h"})",
        R"({"device_secret":"s","user_code":"AB","verification_url":"javascript:1"})",
        R"({"device_secret":"s","user_code":"AB","verification_url":"https://h /"})",
        R"({"user_code":"AB","verification_url":"https://h"})"}) {
    ScriptedHub other;
    other.Answer(201, answer);
    Enrolment asked(executor, other, HubPlace::Parse("https://hub").value());
    EXPECT_THAT(executor.Await(asked.Ask({})), FailsWith(ErrorKind::kInvalid)) << answer;
  }
  for (const int status : {404, 501}) {
    hub.Answer(status, "{}");
    EXPECT_THAT(Ask(), FailsWith(ErrorKind::kInvalid)) << status;
  }
}

TEST_F(EnrolTest, AHubThatIsElsewhereSaysWhere) {
  hub.Answer(421, R"({"detail":"It is at https://h.\u001b[2J)" + std::string(1000, 'x') + "\"}");
  hub.Answer(421, "[]");
  const auto elsewhere = Ask();
  ASSERT_THAT(elsewhere, FailsWith(ErrorKind::kInvalid));
  EXPECT_TRUE(elsewhere.error().message.starts_with(
      "https://hub.example.org/sub answered: It is at https://h.\\x1b[2Jxx"))
      << elsewhere.error().message;
  EXPECT_LT(elsewhere.error().message.size(), 500U);
  const auto nowhere = Ask();
  ASSERT_THAT(nowhere, FailsWith(ErrorKind::kInvalid));
  EXPECT_TRUE(nowhere.error().message.contains("does not answer as a berth hub does; check --hub"));
}

TEST_F(EnrolTest, AHubThatTakesNoSuchIdSaysWhy) {
  hub.Answer(400, R"({"detail":"It is the hub's own address."})");
  const auto refused = Ask();
  ASSERT_THAT(refused, FailsWith(ErrorKind::kInvalid));
  EXPECT_EQ(refused.error().message,
            "https://hub.example.org/sub answered: It is the hub's own address.");
}

TEST_F(EnrolTest, AHubThatIsAwayOrBusyIsNamed) {
  hub.AnswerNothing();
  hub.Answer(429, "{}");
  hub.Answer(500, "{}");
  const auto away = Ask();
  ASSERT_THAT(away, FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(away.error().message.starts_with("cannot reach https://hub.example.org/sub: "));
  const auto busy = Ask();
  ASSERT_THAT(busy, FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(busy.error().message.ends_with("try again in 20 s"));
  EXPECT_THAT(Ask(), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(EnrolTest, AHubCannotMakeUsAskWithoutPauseOrForEver) {
  hub.Answer(
      201,
      R"({"device_secret":"s","user_code":"AB","verification_url":"https://h","interval":0,"expires_in":99999999})");
  const auto code = Ask();
  ASSERT_THAT(code, IsOk());
  EXPECT_EQ(code->lifetime, 1h);
  hub.Answer(200, R"({"status":"pending"})");
  waiting = Wait();
  waiting.Start();
  executor.Advance(2s);
  EXPECT_EQ(hub.targets.size(), 3U);
}

TEST(HubPlaceTest, TakesOnlyWhatTheTokenIsSafeWith) {
  const auto hub = HubPlace::Parse("https://hub.example.org:8443/a/");
  ASSERT_THAT(hub, IsOk());
  EXPECT_EQ(hub->url(), "https://hub.example.org:8443/a");
  EXPECT_EQ(hub->path, "/a");
  EXPECT_EQ(hub->address.port, 8443);
  EXPECT_THAT(HubPlace::Parse("http://localhost:8787"), IsOk());
  EXPECT_EQ(HubPlace::Parse("HTTPS://hub")->url(), "https://hub");
  EXPECT_EQ(HubPlace::Parse("https://[2001:db8::1]/")->address.host, "2001:db8::1");
  for (const char* wrong :
       {"http://hub.example.org", "ftp://hub", "hub", "https://", "https://u@hub", "https://::1",
        "https://hub?a", "https://hub/#a", ""}) {
    EXPECT_THAT(HubPlace::Parse(wrong), FailsWith(ErrorKind::kInvalid)) << wrong;
  }
}

}  // namespace
}  // namespace berth::agent
