// Answers that are none, from an agent to its hub's session.
#include <gtest/gtest.h>

#include "http/h2_client_session.h"
#include "http/h2_hostile_testing.h"

namespace berth::http {
namespace {

using namespace testing;  // NOLINT: the fixture's own vocabulary.

/// A hub that waits for the answer of its agent, which says what the test wants.
struct H2BadAnswerTest : ::testing::Test {
  TestExecutor executor;
  Limits limits;

  /// What comes of an exchange that the agent answers with these frames.
  Result<Response> AnswerTo(std::string_view frames) {
    H2ClientSession session(executor, limits, {.carrier = H2Carrier::kTunnel});
    auto exchange = session.Exchange(Get("/"));
    exchange.Start();
    executor.RunUntilIdle();
    OutBuffer out;
    session.Produce(out, kH2Write);
    const std::string bytes = Frame(kSettings, 0, 0, "") + std::string(frames);
    const auto view = std::as_bytes(std::span(bytes));
    std::vector<std::byte> exact(view.begin(), view.end());
    (void)session.Receive(exact);
    executor.RunUntilIdle();
    session.Produce(out, kH2Write);
    executor.RunUntilIdle();
    EXPECT_EQ(session.stream_count(), 0u);
    if (!exchange.is_done()) return Internal("nothing came of it");
    return exchange.Take();
  }
};

TEST_F(H2BadAnswerTest, AnAnswerThatIsNoneIsInvalid) {
  std::string many = Literal(":status", "200");
  for (int i = 0; i < 130; ++i) many += Literal(fmt::format("x-{}", i), "v");
  const std::pair<const char*, std::string> heads[] = {
      {"a status that is none", Literal(":status", "051")},
      {"a status below 100", Literal(":status", "099")},
      {"a status beyond 599", Literal(":status", "600")},
      {"the last of three digits", Literal(":status", "999")},
      {"an interim status", Literal(":status", "103")},
      {"no status", Literal("x", "y")},
      {"a control character", Literal(":status", "200") + Literal("x", "a\rb")},
      {"two lengths",
       Literal(":status", "200") + Literal("content-length", "1") + Literal("content-length", "2")},
      {"too many fields", many},
  };
  for (const auto& [name, head] : heads) {
    EXPECT_THAT(AnswerTo(Frame(kHeaders, kEndHeaders | kEndStream, 1, head)),
                FailsWith(ErrorKind::kInvalid))
        << name;
    if (name == std::string_view("an interim status")) continue;
    EXPECT_THAT(AnswerTo(Frame(kHeaders, kEndHeaders, 1, head)), FailsWith(ErrorKind::kInvalid))
        << name;
  }
}

// Small until it is decoded.
TEST_F(H2BadAnswerTest, AHeadThatGrowsWhenDecodedIsNoAnswer) {
  const std::string head = Literal(":status", "200") + Bomb(4'000, 80'000);
  for (const std::uint8_t flags : {std::uint8_t{0}, kEndStream}) {
    const auto answer = AnswerTo(HeadFrames(flags, head));
    ASSERT_THAT(answer, FailsWith(ErrorKind::kInvalid));
    EXPECT_TRUE(answer.error().message.ends_with("when it was decoded"));  // Not all of it was.
  }
}

TEST_F(H2BadAnswerTest, TrailersThatGrowWhenDecodedBreakTheBody) {
  auto response = AnswerTo(HeadFrames(0, Literal(":status", "200")) + Frame(kData, 0, 1, "hello") +
                           HeadFrames(kEndStream, Bomb(4'000, 80'000)));
  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(executor.Await(ReadAll(response->body.get(), 1'000)), FailsWith(ErrorKind::kInvalid));
}

// Whoever reads the error is told whether the agent ended the request or broke off.
TEST_F(H2BadAnswerTest, AResetSaysWhatWasMeant) {
  const std::pair<char, ErrorKind> codes[] = {
      {NGHTTP2_CANCEL, ErrorKind::kCancelled},
      {NGHTTP2_REFUSED_STREAM, ErrorKind::kCancelled},
      {NGHTTP2_PROTOCOL_ERROR, ErrorKind::kInvalid},
      {NGHTTP2_INTERNAL_ERROR, ErrorKind::kUnavailable},
  };
  for (const auto& [code, kind] : codes) {
    EXPECT_THAT(AnswerTo(Frame(kRst, 0, 1, std::string(3, '\0') + code)), FailsWith(kind));
  }
}

TEST_F(H2BadAnswerTest, TheEndOfTheConnectionIsNoAnswer) {
  std::string flood;
  for (int i = 0; i < 20'000; ++i) flood += Frame(kPing, 0, 0, "12345678");
  EXPECT_THAT(AnswerTo(flood), FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::http
