// Which connection of a client a request takes, and when it is repeated or waits.
#include "http/h1_pool.h"

#include "http/h1_client_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // NOLINT: the fixture's own vocabulary.

class H1PoolTest : public H1ClientFixture {};

TEST_F(H1PoolTest, ReusesTheConnectionUsedLast) {
  auto first = client_.Exchange(Get("/1"));
  auto second = client_.Exchange(Get("/2"));
  first.Start();
  second.Start();
  executor_.RunUntilIdle();
  ASSERT_EQ(origin_.size(), 2u);
  origin_.Say(0, "HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_THAT(testing::Finish(executor_, std::move(first)), IsOk());
  origin_.Say(1, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  ASSERT_THAT(testing::Finish(executor_, std::move(second)), IsOk());
  EXPECT_EQ(client_.idle_connections(), 2u);
  auto response = Ask(Get("/3"), 1,
                      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                      "2\r\nok\r\n0\r\n\r\n");
  EXPECT_EQ(Text(response).value_or("-"), "ok");
  EXPECT_EQ(client_.idle_connections(), 2u);
  EXPECT_EQ(client_.open_connections(), 2u);
}

TEST_F(H1PoolTest, ClosesIdleConnectionsInTime) {
  ASSERT_THAT(Ask(Get(), 0, "HTTP/1.1 204 No Content\r\n\r\n"), IsOk());
  executor_.Advance(limits_.instance_idle - 1ms);
  EXPECT_FALSE(origin_[0].ended);
  executor_.Advance(1ms);
  EXPECT_TRUE(origin_[0].ended);
  EXPECT_EQ(client_.open_connections(), 0u);
}

TEST_F(H1PoolTest, NoticesThatAnIdleConnectionWasClosed) {
  ASSERT_THAT(Ask(Get(), 0, "HTTP/1.1 204 No Content\r\n\r\n"), IsOk());
  origin_[0].stream->Close();
  executor_.RunUntilIdle();
  EXPECT_EQ(client_.open_connections(), 0u);
  ASSERT_THAT(Ask(Get(), 1, "HTTP/1.1 204 No Content\r\n\r\n"), IsOk());
  origin_.Say(1, "HTTP/1.1 408 Request Timeout\r\n\r\n");  // Nobody asked.
  executor_.RunUntilIdle();
  EXPECT_EQ(client_.open_connections(), 0u);
}

TEST_F(H1PoolTest, RepeatsASafeRequestWhenAReusedConnectionIsClosed) {
  ASSERT_THAT(Ask(Get(), 0, "HTTP/1.1 204 No Content\r\n\r\n"), IsOk());
  auto exchange = client_.Exchange(Get("/again"));
  exchange.Start();
  executor_.RunUntilIdle();
  origin_[0].stream->Close();
  executor_.RunUntilIdle();
  ASSERT_EQ(origin_.size(), 2u);
  EXPECT_TRUE(origin_[1].received.starts_with("GET /again "));
  origin_.Say(1, "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_THAT(testing::Finish(executor_, std::move(exchange)), IsOk());
  EXPECT_EQ(client_.open_connections(), 1u);
}

TEST_F(H1PoolTest, DoesNotRepeatOtherRequests) {
  for (const bool with_body : {true, false}) {
    ASSERT_THAT(Ask(Get(), origin_.size(), "HTTP/1.1 204 No Content\r\n\r\n"), IsOk());
    const std::size_t connections = origin_.size();
    auto exchange = client_.Exchange(Post(with_body ? std::make_unique<TextBody>("x") : nullptr));
    exchange.Start();
    executor_.RunUntilIdle();
    origin_[connections - 1].stream->Close();
    EXPECT_THAT(testing::Finish(executor_, std::move(exchange)),
                FailsWith(ErrorKind::kUnavailable));
    EXPECT_EQ(origin_.size(), connections);
  }
}

TEST_F(H1PoolTest, DoesNotRepeatOnAFreshConnection) {
  auto exchange = client_.Exchange(Get());
  exchange.Start();
  executor_.RunUntilIdle();
  origin_[0].stream->Close();
  EXPECT_THAT(testing::Finish(executor_, std::move(exchange)), FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(origin_.size(), 1u);
  EXPECT_EQ(client_.open_connections(), 0u);
}

TEST_F(H1PoolTest, WaitsInOrderForAFreeConnection) {
  limits_.instance_connections = 1;
  auto first = client_.Exchange(Get("/1"));
  auto second = client_.Exchange(Get("/2"));
  auto third = client_.Exchange(Get("/3"));
  auto fourth = client_.Exchange(Get("/4"));
  for (auto* task : {&first, &second, &third, &fourth}) task->Start();
  executor_.RunUntilIdle();
  ASSERT_EQ(origin_.size(), 1u);
  third.Reset();  // Gives its place up.
  origin_.Say(0, "HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_THAT(testing::Finish(executor_, std::move(first)), IsOk());
  executor_.RunUntilIdle();
  ASSERT_EQ(origin_.size(), 1u);
  EXPECT_TRUE(origin_[0].received.find("GET /2 ") != std::string::npos);
  second.Reset();  // Closes the connection; the next gets a new one.
  executor_.RunUntilIdle();
  ASSERT_EQ(origin_.size(), 2u);
  EXPECT_TRUE(origin_[1].received.starts_with("GET /4 "));
  origin_.Say(1, "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_THAT(testing::Finish(executor_, std::move(fourth)), IsOk());
}

TEST_F(H1PoolTest, DoesNotWaitForEverForAFreeConnection) {
  limits_.instance_connections = 1;
  auto first = client_.Exchange(Get("/1"));
  auto second = client_.Exchange(Get("/2"));
  first.Start();
  second.Start();
  executor_.Advance(limits_.response_timeout);
  ASSERT_TRUE(second.is_done());
  EXPECT_THAT(second.Take(), FailsWith(ErrorKind::kTimeout));
  EXPECT_FALSE(first.is_done());
}

}  // namespace
}  // namespace berth::http
