#include "http/reverse_proxy.h"

#include <gtest/gtest.h>

#include "http/h2_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using testing::FailsWith;
using testing::FakeService;
using testing::IsOk;
using testing::ManualBody;
using testing::ManualSource;
using testing::Post;
using testing::TestExecutor;

/// Takes the request's body, and never answers.
Task<Result<Response>> ReadAndHang(Executor& executor, Request request) {
  auto body = co_await ReadAll(request.body.get(), 1000);
  if (!body) co_return std::move(body).error();
  co_await Sleep(executor, 24h);
  co_return Unavailable("slept");
}

/// Gives up reading the request's body after an hour, and never answers.
Task<Result<Response>> GiveUpAndHang(Executor& executor, Request request) {
  (void)co_await WithDeadline(executor, 1h, "body", request.body->Read());
  co_await Sleep(executor, 24h);
  co_return Unavailable("slept");
}

class ReverseProxyTest : public ::testing::Test {
 protected:
  Task<Result<Response>> Upload(Service& service) {
    auto exchange = ReverseProxy(executor_, limits_, service,
                                 Post("/", std::make_unique<ManualBody>(source_)), nullptr);
    exchange.Start();
    executor_.RunUntilIdle();
    return exchange;
  }

  TestExecutor executor_;
  Limits limits_;
  ManualSource source_{executor_};
};

TEST_F(ReverseProxyTest, AStalledUploadIsNotTheInstancesSilence) {
  FakeService service([&](Request request) { return ReadAndHang(executor_, std::move(request)); });
  auto exchange = Upload(service);
  executor_.Advance(3 * limits_.response_timeout);
  EXPECT_FALSE(exchange.is_done());
  source_.Break(Forbidden("stalled"));
  executor_.RunUntilIdle();
  ASSERT_TRUE(exchange.is_done());
  EXPECT_THAT(exchange.Take(), FailsWith(ErrorKind::kForbidden));
}

TEST_F(ReverseProxyTest, SilenceBeginsWithTheEndOfTheUpload) {
  FakeService service([&](Request request) { return ReadAndHang(executor_, std::move(request)); });
  auto exchange = Upload(service);
  executor_.Advance(limits_.response_timeout - 1ms);
  source_.Push("last");
  source_.Finish();
  executor_.RunUntilIdle();
  executor_.Advance(limits_.response_timeout - 1ms);
  EXPECT_FALSE(exchange.is_done());
  executor_.Advance(1ms);
  ASSERT_TRUE(exchange.is_done());
  EXPECT_THAT(exchange.Take(), FailsWith(ErrorKind::kTimeout));
}

TEST_F(ReverseProxyTest, SilenceBeginsWithAReadThatIsDropped) {
  FakeService service(
      [&](Request request) { return GiveUpAndHang(executor_, std::move(request)); });
  auto exchange = Upload(service);
  executor_.Advance(1h);
  executor_.Advance(limits_.response_timeout - 1ms);
  EXPECT_FALSE(exchange.is_done());
  executor_.Advance(1ms);
  ASSERT_TRUE(exchange.is_done());
  EXPECT_THAT(exchange.Take(), FailsWith(ErrorKind::kTimeout));
}

Task<Result<Response>> Hint(Request request) {
  for (const int status : {100, 101, 102, 103}) request.interim({.status = status, .fields = {}});
  return AtHand({});
}

TEST_F(ReverseProxyTest, PassesInterimResponsesButForTheContinueOfAnotherHop) {
  FakeService service(Hint);
  std::vector<int> seen;
  Request request = Post("/", nullptr);
  request.interim = [&](const ResponseHead& head) { seen.push_back(head.status); };
  ASSERT_THAT(
      executor_.Await(ReverseProxy(executor_, limits_, service, std::move(request), nullptr)),
      IsOk());
  EXPECT_EQ(seen, (std::vector<int>{102, 103}));
}

}  // namespace
}  // namespace berth::http
