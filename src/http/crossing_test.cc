#include "http/crossing.h"

#include <gtest/gtest.h>

#include "http/crossing_testing.h"

namespace berth::http {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using namespace crossing_testing;  // The services and bodies of crossing_testing.h.

class CrossingTest : public CrossingFixture {};

TEST_F(CrossingTest, HeadsPeersAndBodiesArriveAsTheyWere) {
  Answering(Echo);
  auto response = Await(crossing_->Exchange(Post(std::make_unique<PieceBody>(
      std::vector<std::string>{"one ", "two ", std::string(200'000, 'x'), " end"}))));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->head.status, 201);
  EXPECT_EQ(response->head.fields.Find("x-target"), "/");
  EXPECT_EQ(response->head.fields.Find("x-peer"), "192.0.2.7");
  EXPECT_EQ(response->body->length(), 200'012u);
  auto text = Await(ReadAll(response->body.get(), 1 << 24));
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(*text, "one two " + std::string(200'000, 'x') + " end");
  response->body.reset();
  Settle();
  EXPECT_EQ(end_->exchanges(), 0u);
}

TEST_F(CrossingTest, RequestsAreRefusedWhileTheOtherLoopDoesNotTakeThem) {
  limits_.crossing_messages = 10;
  Answering(Echo);
  Settle();
  int refused = 0;
  for (int i = 0; i < 100; ++i) {  // Those that are dropped leave two messages each behind.
    auto exchange = crossing_->Exchange(Get());
    exchange.Start();
    front_.RunUntilIdle();
    if (!exchange.is_done()) continue;
    ++refused;
    auto answer = exchange.Take();
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->head.status, 503);
  }
  EXPECT_EQ(refused, 95);
  Settle();
  EXPECT_EQ(end_->exchanges(), 0u);
  auto body = std::make_unique<PieceBody>(std::vector<std::string>{"x"});
  auto served = Await(crossing_->Exchange(Post(std::move(body))));
  ASSERT_THAT(served, IsOk());
  EXPECT_EQ(served->head.status, 201);
}

TEST_F(CrossingTest, ResponseWithoutBodyEndsTheExchange) {
  BodyPtr none;
  Answering([&](Request request) { return Give(std::move(request), none); });
  auto response = Await(crossing_->Exchange(Get()));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->body, nullptr);
  Settle();
  EXPECT_EQ(end_->exchanges(), 0u);
}

TEST_F(CrossingTest, ErrorsCrossAsTheyAre) {
  Answering([](Request) -> Task<Result<Response>> { co_return TooLarge("more than is allowed"); });
  auto response = Await(crossing_->Exchange(Get()));
  ASSERT_THAT(response, FailsWith(ErrorKind::kTooLarge));
  EXPECT_EQ(response.error().message, "more than is allowed");
}

TEST_F(CrossingTest, ExceptionOfTheServiceIsAnError) {
  Answering([](Request) -> Task<Result<Response>> {
    throw std::runtime_error("broken");
    co_return Unavailable("");
  });
  EXPECT_THAT(Await(crossing_->Exchange(Get())), FailsWith(ErrorKind::kInternal));
}

Task<Result<Response>> TellTwice(Request request) {
  for (const int status : {102, 103}) {
    ResponseHead head{.status = status, .fields = {}};
    head.fields.Add("link", "</style.css>");
    request.interim(head);
  }
  co_return TextResponse(200, "text/plain", "done");
}

TEST_F(CrossingTest, InterimResponsesComeInOrderBeforeTheResponse) {
  Answering(TellTwice);
  std::vector<int> seen;
  Request request = Get();
  request.interim = [&](const ResponseHead& head) { seen.push_back(head.status); };
  ASSERT_THAT(Await(crossing_->Exchange(std::move(request))), IsOk());
  EXPECT_EQ(seen, (std::vector<int>{102, 103}));
}

TEST_F(CrossingTest, InterimHandlerMayOutliveTheExchange) {
  InterimHandler kept;
  Answering([&](Request request) -> Task<Result<Response>> {
    kept = std::move(request.interim);
    return Echo(std::move(request));
  });
  Request request = Get();
  request.interim = [](const ResponseHead&) { FAIL() << "after the response"; };
  ASSERT_THAT(Await(crossing_->Exchange(std::move(request))), IsOk());
  kept({.status = 103, .fields = {}});
  Settle();
  crossing_.reset();
  end_.reset();
  kept({.status = 103, .fields = {}});
}

TEST_F(CrossingTest, BodyOfARequestIsNotReadBeforeSomebodyWantsIt) {
  BodyPtr kept;
  BodyPtr open = std::make_unique<WatchedBody>(download_, main_, 0, false);
  Answering([&](Request request) { return Keep(std::move(request), kept, open, 200); });
  auto response =
      Await(crossing_->Exchange(Post(std::make_unique<WatchedBody>(upload_, front_, 50'000))));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(upload_.read, 0u);
  auto piece = Await(kept->Read());
  ASSERT_THAT(piece, IsOk());
  EXPECT_EQ(upload_.read, 50'000u);
}

TEST_F(CrossingTest, NoMoreThanTheBufferIsUnderWayEachWay) {
  limits_.crossing_buffer = 256 * 1024;
  constexpr std::size_t kSize = 3'000'000;
  BodyPtr kept;
  BodyPtr body = std::make_unique<WatchedBody>(download_, main_, kSize);
  Answering([&](Request request) { return Keep(std::move(request), kept, body, 200); });
  auto response =
      Await(crossing_->Exchange(Post(std::make_unique<WatchedBody>(upload_, front_, kSize))));
  ASSERT_THAT(response, IsOk());
  auto first = Await(kept->Read());
  ASSERT_THAT(first, IsOk());
  // The source has one more piece in hand, of 10,000 bytes.
  EXPECT_LE(download_.read, limits_.crossing_buffer + 10'000);
  EXPECT_LE(upload_.read, limits_.crossing_buffer + 10'000);
  EXPECT_GE(download_.read, limits_.crossing_buffer / 2);
  const std::size_t before = upload_.read;
  auto next = Await(kept->Read());  // Says that the first one was used.
  ASSERT_THAT(next, IsOk());
  EXPECT_GT(upload_.read, before);
  EXPECT_LE(upload_.read, before + 70'000);
  auto sum = Await(ReadAll(response->body.get(), kSize));
  ASSERT_THAT(sum, IsOk());
  EXPECT_EQ(sum->size(), kSize);
}

TEST_F(CrossingTest, SmallestBufferStillPasses) {
  limits_.crossing_buffer = 1;
  Answering(Echo);
  auto response =
      Await(crossing_->Exchange(Post(std::make_unique<TextBody>(std::string(150'000, 'y')))));
  ASSERT_THAT(response, IsOk());
  auto text = Await(ReadAll(response->body.get(), 1 << 20));
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(text->size(), 150'000u);
}

TEST_F(CrossingTest, SmallPiecesArriveAsTheyAreMade) {
  Event gate(main_);
  BodyPtr body = std::make_unique<PieceBody>(std::vector<std::string>{"a", "b"}, &gate);
  Answering([&](Request request) { return Give(std::move(request), body); });
  auto response = Await(crossing_->Exchange(Get()));
  ASSERT_THAT(response, IsOk());
  gate.Set();
  EXPECT_EQ(net::AsText(Await(response->body->Read()).value()), "a");
  gate.Set();
  EXPECT_EQ(net::AsText(Await(response->body->Read()).value()), "b");
}

TEST_F(CrossingTest, LargePiecesStayWhole) {
  Answering([](Request) -> Task<Result<Response>> {
    Response response;
    const std::string piece(net::kMostRead, 'x');
    response.body = std::make_unique<PieceBody>(std::vector<std::string>(5, piece));
    co_return response;
  });
  auto response = Await(crossing_->Exchange(Get()));
  ASSERT_THAT(response, IsOk());
  for (int i = 0; i < 5; ++i) {
    auto piece = Await(response->body->Read());
    ASSERT_THAT(piece, IsOk());
    EXPECT_EQ(piece->size(), net::kMostRead);
  }
  EXPECT_TRUE(Await(response->body->Read())->empty());
}

TEST_F(CrossingTest, DroppedReadMayBeRepeated) {
  Event gate(main_);
  BodyPtr body = std::make_unique<PieceBody>(std::vector<std::string>{"a"}, &gate);
  Answering([&](Request request) { return Give(std::move(request), body); });
  auto response = Await(crossing_->Exchange(Get()));
  ASSERT_THAT(response, IsOk());
  {
    auto dropped = response->body->Read();
    dropped.Start();
    Settle();
    EXPECT_FALSE(dropped.is_done());
  }
  gate.Set();
  Settle();
  EXPECT_EQ(net::AsText(Await(response->body->Read()).value()), "a");
}

TEST_F(CrossingTest, ErrorOfABodyComesBehindWhatWasSentBefore) {
  BodyPtr body = std::make_unique<PieceBody>(std::vector<std::string>{"hel", "lo"},
                                             Unavailable("the instance went away"));
  Answering([&](Request request) { return Give(std::move(request), body); });
  auto response = Await(crossing_->Exchange(Get()));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(net::AsText(Await(response->body->Read()).value()), "hello");
  EXPECT_THAT(Await(response->body->Read()), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(Await(response->body->Read()), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(CrossingTest, EndOfARightOvertakesWhatWasNotRead) {
  BodyPtr body = std::make_unique<PieceBody>(std::vector<std::string>{"secret"},
                                             Unauthorized("no longer allowed"));
  Answering([&](Request request) { return Give(std::move(request), body); });
  auto response = Await(crossing_->Exchange(Get()));
  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(Await(response->body->Read()), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Await(response->body->Read()), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(CrossingTest, BodyOfAHeadRequestIsNotRead) {
  BodyPtr body = std::make_unique<WatchedBody>(download_, main_, 1'000);
  Answering([&](Request request) { return Give(std::move(request), body); });
  Request request = Get();
  request.head.method = "HEAD";
  auto response = Await(crossing_->Exchange(std::move(request)));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(download_.read, 0u);
  response->body.reset();
  Settle();
  EXPECT_TRUE(download_.is_gone);
}

}  // namespace
}  // namespace berth::http
