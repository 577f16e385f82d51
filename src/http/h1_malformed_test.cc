#include <gtest/gtest.h>

#include "http/h1_malformed_testing.h"
#include "http/h1_testing.h"

namespace berth::http {
namespace {

using testing::FakeService;
using testing::H1Browser;
using testing::MalformedBodies;
using testing::MalformedRequest;
using testing::MalformedRequests;

Task<Result<Response>> ReadAndAnswer(Request request) {
  EXPECT_NE(request.head.target, "/smuggled");
  auto body = co_await ReadAll(request.body.get(), 1'000'000);
  if (!body) co_return std::move(body).error();
  co_return TextResponse(200, "text/plain", "good");
}

void ExpectRefusal(const MalformedRequest& request, std::size_t fragment, int most_calls) {
  SCOPED_TRACE(std::string(request.name));
  berth::testing::TestExecutor executor;
  Limits limits;
  FakeService service(ReadAndAnswer);
  H1Browser browser(executor, limits, service, fragment);
  browser.Send(request.bytes);
  // A good request behind the bad one must not be served on this connection.
  browser.Send("GET /good HTTP/1.1\r\nHost: example.test\r\n\r\n");
  const std::string answer = browser.Take();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(request.status) + " ")) << answer;
  EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("HTTP/1.1 ", 1), std::string::npos) << answer;
  EXPECT_LE(service.calls, most_calls);
  executor.Advance(limits.linger_timeout);
  EXPECT_TRUE(browser.ended());
  EXPECT_TRUE(browser.served());

  H1Browser next(executor, limits, service, fragment);
  next.Send("GET /good HTTP/1.1\r\nHost: example.test\r\n\r\n");
  EXPECT_TRUE(next.Take().ends_with("good"));
}

TEST(H1MalformedTest, HasEnoughCases) { EXPECT_GE(MalformedRequests().size(), 60u); }

TEST(H1MalformedTest, HeadsAreRefusedUnseen) {
  for (const auto& request : MalformedRequests()) ExpectRefusal(request, 0, 0);
}

TEST(H1MalformedTest, HeadsAreRefusedByteByByte) {
  for (const auto& request : MalformedRequests()) ExpectRefusal(request, 1, 0);
}

TEST(H1MalformedTest, BrokenBodiesEndTheConnection) {
  for (const auto& request : MalformedBodies()) ExpectRefusal(request, 0, 1);
}

TEST(H1MalformedTest, BrokenBodiesEndTheConnectionByteByByte) {
  for (const auto& request : MalformedBodies()) ExpectRefusal(request, 1, 1);
}

}  // namespace
}  // namespace berth::http
