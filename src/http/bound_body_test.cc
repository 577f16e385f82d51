// Bodies that end with what allowed them, whether or not somebody reads them.
#include "http/bound_body.h"

#include <gtest/gtest.h>

#include "http/compression.h"
#include "http/h2_testing.h"

namespace berth::http {
namespace {

using namespace testing;  // NOLINT: the fixture's own vocabulary.

/// Notes what is done to the body in it.
struct NotedBody : Body {
  explicit NotedBody(int& the_cuts) : cuts(the_cuts) {}
  Task<Result<MutableBytes>> Read() override { co_return MutableBytes{}; }
  void Cut() override { ++cuts; }
  int& cuts;
};

/// A response on its way through a tunnel; the test is the instance that sends it.
class BoundBodyTest : public ::testing::Test {
 protected:
  BodyPtr Ask() {
    auto response = executor.Await(joined.client->Exchange(Get("/")));
    EXPECT_THAT(response, IsOk());
    return std::move(response->body);
  }
  std::string Piece(Body& body) {
    auto piece = executor.Await(body.Read());
    EXPECT_THAT(piece, IsOk());
    held = piece.value_or(MutableBytes{});
    return std::string(net::AsText(held));
  }

  TestExecutor executor;
  Limits limits;
  ManualSource source{executor};
  FakeService service{[this](Request) {
    Response response;
    response.body = std::make_unique<ManualBody>(source);
    return AtHand(std::move(response));
  }};
  JoinedSessions joined{executor, limits, service};
  std::shared_ptr<Event> ended = std::make_shared<Event>(executor);
  MutableBytes held;
};

TEST_F(BoundBodyTest, AnAnswerThatNobodyReadsIsCutAtItsSender) {
  auto body = CutWith(Ask(), *ended, ErrorKind::kUnauthorized, ended);
  source.Push("a piece");
  EXPECT_EQ(Piece(*body), "a piece");
  source.Push("another");
  executor.RunUntilIdle();
  EXPECT_FALSE(source.is_gone);
  ended->Set();
  executor.RunUntilIdle();
  EXPECT_TRUE(source.is_gone);
  EXPECT_EQ(joined.client->stream_count(), 0U);
  EXPECT_EQ(net::AsText(held), "a piece");  // Its reader may be writing it.
  EXPECT_THAT(executor.Await(body->Read()), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(executor.Await(body->Read()), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(BoundBodyTest, AReadThatIsUnderWayFails) {
  auto body = CutWith(Ask(), *ended, ErrorKind::kUnauthorized, ended);
  auto reading = body->Read();
  reading.Start();
  executor.RunUntilIdle();
  ASSERT_FALSE(reading.is_done());
  ended->Set();
  executor.RunUntilIdle();
  ASSERT_TRUE(reading.is_done());
  EXPECT_THAT(reading.Take(), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_TRUE(source.is_gone);
}

TEST_F(BoundBodyTest, OneThatIsDroppedIsNotTouchedAgain) {
  auto body = CutWith(Ask(), *ended, ErrorKind::kUnauthorized, ended);
  ended->Set();
  body.reset();
  executor.RunUntilIdle();
  EXPECT_TRUE(source.is_gone);
  auto late = CutWith(Ask(), *ended, ErrorKind::kUnauthorized, ended);
  EXPECT_THAT(executor.Await(late->Read()), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(BoundBodyTest, WhatIsInBetweenPassesItOn) {
  Event other(executor);
  Compressor compressor(limits);
  int cuts = 0;
  Response response;
  response.head.fields.Add("content-type", "text/plain");
  response.body = std::make_unique<NotedBody>(cuts);
  compressor.Apply({.coding = Coding::kGzip}, "GET", response);
  EXPECT_EQ(compressor.under_way(), 1U);
  BodyPtr body = EndWith(std::move(response.body), other, ErrorKind::kCancelled);
  body = CutWith(std::move(body), other, ErrorKind::kUnauthorized);
  body = CutWith(std::move(body), *ended, ErrorKind::kUnauthorized, ended);
  ended->Set();
  executor.RunUntilIdle();
  EXPECT_EQ(cuts, 1);
}

}  // namespace
}  // namespace berth::http
