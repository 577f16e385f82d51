#include "hub/v1_calls.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::hub {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

struct Heard : V1Calls::Waiter {
  void OnResponse(control::HttpProxyResponse response) override { log += response.body + ";"; }
  void OnData(const control::Json& data) override { log += data.text + ";"; }
  void OnComplete(const std::optional<control::Json>&) override { log += "complete;"; }
  void OnError(const control::ErrorMessage& error) override { log += error.message + ";"; }
  void OnGone() override { log += "gone;"; }
  std::string log;
};

class V1CallsTest : public ::testing::Test {
 protected:
  control::HttpProxyResponse Response(std::string id, std::string body) {
    return {.request_id = std::move(id), .status = 200, .headers = {}, .body = std::move(body)};
  }

  int sent_ = 0;
  int idle_ = 0;
  V1Calls calls_{"x-1", 2,
                 [this](const control::Message&) -> Result<void> {
                   ++sent_;
                   return Ok();
                 },
                 [this] { ++idle_; }, SystemRandom()};
  Heard one_;
  Heard two_;
};

TEST_F(V1CallsTest, DeliversToWhoeverAsked) {
  const std::string first = *calls_.Begin(one_);
  const std::string second = *calls_.Begin(two_);
  EXPECT_NE(first, second);
  EXPECT_EQ(first.size(), 32U);
  EXPECT_TRUE(calls_.Deliver(Response(second, "b")));
  EXPECT_TRUE(calls_.Deliver(Response(first, "a")));
  EXPECT_TRUE(calls_.Deliver(control::UserResponseChunk{.request_id = first, .data = {"1"}}));
  EXPECT_TRUE(
      calls_.Deliver(control::UserResponseComplete{.request_id = first, .data = std::nullopt}));
  EXPECT_EQ(one_.log, "a;1;complete;");
  EXPECT_EQ(two_.log, "b;");
}

TEST_F(V1CallsTest, LateAndInventedAnswersReachNobody) {
  const std::string id = *calls_.Begin(one_);
  calls_.Forget(id);
  calls_.Forget(id);
  EXPECT_EQ(idle_, 1);
  EXPECT_FALSE(calls_.Deliver(Response(id, "late")));
  EXPECT_FALSE(calls_.Deliver(Response("", "invented")));
  EXPECT_FALSE(calls_.Deliver(control::Pong{}));
  EXPECT_EQ(one_.log, "");
}

TEST_F(V1CallsTest, HoldsABoundedNumber) {
  const std::string first = *calls_.Begin(one_);
  EXPECT_THAT(calls_.Begin(two_), IsOk());
  EXPECT_THAT(calls_.Begin(two_), FailsWith(ErrorKind::kUnavailable));
  calls_.Forget(first);
  EXPECT_THAT(calls_.Begin(two_), IsOk());
}

TEST_F(V1CallsTest, TellsAllWhenTheInstanceGoes) {
  const std::string id = *calls_.Begin(one_);
  EXPECT_THAT(calls_.Say(control::Pong{}), IsOk());
  calls_.Close();
  EXPECT_EQ(one_.log, "gone;");
  EXPECT_FALSE(calls_.Deliver(Response(id, "late")));
  EXPECT_THAT(calls_.Begin(two_), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(calls_.Say(control::Pong{}), FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(sent_, 1);
}

TEST_F(V1CallsTest, TheLastRequestMayEndTheConnection) {
  auto held = std::make_shared<int>();
  bool is_kept = false;
  V1Calls* calls = nullptr;
  std::function<void()> on_idle = [&calls, &is_kept, held] {
    const std::weak_ptr<int> seen = held;
    calls->Close();
    is_kept = !seen.expired();
  };
  held.reset();
  V1Calls closing(
      "x-1", 2, [](const control::Message&) { return Ok(); }, std::move(on_idle), SystemRandom());
  calls = &closing;
  closing.Forget(*closing.Begin(one_));
  EXPECT_TRUE(is_kept) << "what is called must not be destroyed meanwhile";
  EXPECT_THAT(closing.Begin(one_), FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::hub
