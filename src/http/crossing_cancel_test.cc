// Exchanges that end early: dropped at either end, at each stage, or with a whole end.
#include <gtest/gtest.h>

#include "http/crossing.h"
#include "http/crossing_testing.h"

namespace berth::http {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using namespace crossing_testing;  // The services and bodies of crossing_testing.h.

class CrossingCancelTest : public CrossingFixture {};

TEST_F(CrossingCancelTest, DroppedTaskCancelsTheServiceAndTheUpload) {
  Answering([&](Request request) { return Hang(std::move(request), main_); });
  {
    auto exchange =
        crossing_->Exchange(Post(std::make_unique<WatchedBody>(upload_, front_, 10, false)));
    exchange.Start();
    Settle();
    EXPECT_EQ(end_->exchanges(), 1u);
  }
  EXPECT_TRUE(upload_.is_gone);
  Settle();
  EXPECT_EQ(end_->exchanges(), 0u);
}

TEST_F(CrossingCancelTest, TaskDroppedBeforeItsMessageLeftIsCancelledToo) {
  Answering([&](Request request) { return Hang(std::move(request), main_); });
  {
    auto exchange = crossing_->Exchange(Get());
    exchange.Start();
  }
  Settle();
  EXPECT_EQ(end_->exchanges(), 0u);
}

TEST_F(CrossingCancelTest, TaskDroppedWithTheAnswerUnderWayDropsTheBody) {
  BodyPtr body = std::make_unique<WatchedBody>(download_, main_, 10, false);
  Answering([&](Request request) { return Give(std::move(request), body); });
  {
    auto exchange = crossing_->Exchange(Get());
    exchange.Start();
    front_.RunUntilIdle();
    main_.RunUntilIdle();
    EXPECT_FALSE(download_.is_gone);
  }
  Settle();
  EXPECT_TRUE(download_.is_gone);
  EXPECT_EQ(end_->exchanges(), 0u);
}

TEST_F(CrossingCancelTest, DroppedResponseBodyCancelsBothBodies) {
  BodyPtr kept;
  BodyPtr body = std::make_unique<WatchedBody>(download_, main_, 1'000'000);
  Answering([&](Request request) { return Keep(std::move(request), kept, body, 200); });
  auto response =
      Await(crossing_->Exchange(Post(std::make_unique<WatchedBody>(upload_, front_, 5, false))));
  ASSERT_THAT(response, IsOk());
  auto first = Await(kept->Read());
  ASSERT_THAT(first, IsOk());
  response->body.reset();
  EXPECT_TRUE(upload_.is_gone);
  Settle();
  EXPECT_TRUE(download_.is_gone);
  EXPECT_THAT(Await(kept->Read()), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(CrossingCancelTest, ServiceThatDropsTheRequestBodyEndsTheUpload) {
  BodyPtr kept;
  BodyPtr body = std::make_unique<WatchedBody>(download_, main_, 0, false);
  Answering([&](Request request) { return Keep(std::move(request), kept, body, 200); });
  auto response =
      Await(crossing_->Exchange(Post(std::make_unique<WatchedBody>(upload_, front_, 1'000'000))));
  ASSERT_THAT(response, IsOk());
  auto first = Await(kept->Read());
  ASSERT_THAT(first, IsOk());
  kept.reset();
  Settle();
  EXPECT_TRUE(upload_.is_gone);
  EXPECT_FALSE(download_.is_gone);
}

TEST_F(CrossingCancelTest, UpgradePassesBothWaysUntilBothHaveEnded) {
  BodyPtr kept;
  Event to_browser(main_);
  Event from_browser(front_);
  BodyPtr body = std::make_unique<PieceBody>(std::vector<std::string>{"ping", "bye"}, &to_browser);
  Answering([&](Request request) { return Keep(std::move(request), kept, body, 101); });
  Request request =
      Post(std::make_unique<PieceBody>(std::vector<std::string>{"pong"}, &from_browser));
  request.head.method = "GET";
  request.head.protocol = "websocket";
  auto response = Await(crossing_->Exchange(std::move(request)));
  ASSERT_THAT(response, IsOk());
  ASSERT_TRUE(response->is_upgraded());
  to_browser.Set();
  EXPECT_EQ(net::AsText(Await(response->body->Read()).value()), "ping");
  from_browser.Set();
  EXPECT_EQ(net::AsText(Await(kept->Read()).value()), "pong");
  from_browser.Set();
  EXPECT_TRUE(Await(kept->Read()).value().empty());  // The browser's direction has ended.
  to_browser.Set();
  EXPECT_EQ(net::AsText(Await(response->body->Read()).value()), "bye");
  to_browser.Set();
  EXPECT_TRUE(Await(response->body->Read()).value().empty());
}

TEST_F(CrossingCancelTest, EndThatGoesFailsWhatIsLeftAtTheFront) {
  BodyPtr body = std::make_unique<WatchedBody>(download_, main_, 1'000'000);
  int asked = 0;
  Answering([&](Request request) {
    return ++asked == 1 ? Give(std::move(request), body) : Hang(std::move(request), main_);
  });
  auto response = Await(crossing_->Exchange(Get()));
  ASSERT_THAT(response, IsOk());
  auto waiting =
      crossing_->Exchange(Post(std::make_unique<WatchedBody>(upload_, front_, 9, false)));
  waiting.Start();
  Settle();
  end_.reset();
  EXPECT_TRUE(download_.is_gone);
  Settle();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(upload_.is_gone);
  EXPECT_THAT(Await(ReadAll(response->body.get(), 1'000'000)), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(Await(crossing_->Exchange(Get())), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(CrossingCancelTest, FrontThatGoesEndsWhatIsAnswered) {
  BodyPtr kept;
  BodyPtr body = std::make_unique<WatchedBody>(download_, main_, 0, false);
  Answering([&](Request request) { return Keep(std::move(request), kept, body, 200); });
  auto response =
      Await(crossing_->Exchange(Post(std::make_unique<WatchedBody>(upload_, front_, 9, false))));
  ASSERT_THAT(response, IsOk());
  auto reading = kept->Read();
  reading.Start();
  Settle();
  reading.Reset();
  crossing_.reset();
  EXPECT_TRUE(upload_.is_gone);
  EXPECT_THAT(Await(response->body->Read()), FailsWith(ErrorKind::kUnavailable));
  Settle();
  EXPECT_EQ(end_->exchanges(), 0u);
  EXPECT_TRUE(download_.is_gone);
  EXPECT_THAT(Await(kept->Read()), FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::http
