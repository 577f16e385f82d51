// What no decent HTTP/2 peer sends as a whole: floods, broken frames, more than it may.
#include <gtest/gtest.h>

#include "http/body_testing.h"
#include "http/h2_flood_guard.h"
#include "http/h2_hostile_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // NOLINT: the fixture's own vocabulary.

class H2HostileTest : public H2HostileFixture {};

TEST_F(H2HostileTest, EveryTruncationAndEveryFlippedByteIsSurvived) {
  FakeService echo(Echo);
  FieldList fields = GetFields();
  fields[0].second = "POST";
  const std::string good = Preface() + Frame(kHeaders, kEndHeaders, 1, Block(fields)) +
                           Frame(kData, 0, 1, "hello") + Frame(kPing, 0, 0, "12345678") +
                           Frame(kData, kEndStream, 1, "world");
  for (std::size_t i = 0; i < good.size(); ++i) {
    Restart(echo);
    (void)Feed(good.substr(0, i));
    session->Close(Unavailable("test"));
    for (const unsigned flip : {0xffu, 0x01u, 0x80u}) {
      Restart(echo);
      std::string bad = good;
      bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ flip);
      (void)Feed(bad);
    }
  }
  Restart(echo);
  for (const char c : good) ASSERT_THAT(Feed(std::string(1, c)), IsOk());
  EXPECT_EQ(Status(1), 200);
}

TEST_F(H2HostileTest, NotHttp2EndsTheConnection) {
  EXPECT_THAT(Feed("GET / HTTP/1.1\r\nHost: hub.example\r\n\r\n"), FailsWith(ErrorKind::kInvalid));
  EXPECT_TRUE(session->is_finished());
}

TEST_F(H2HostileTest, ADataFrameOnStreamZeroEndsTheConnection) {
  (void)Feed(Preface() + Frame(kData, 0, 0, "x"));
  EXPECT_EQ(GoawayCode(), kProtocolError);
  EXPECT_TRUE(session->is_finished());
}

TEST_F(H2HostileTest, MoreDataThanTheWindowEndsIt) {
  FakeService never([this](Request request) {
    return [](TestExecutor& e, Request held) -> Task<Result<Response>> {
      Event event(e);
      co_await event.Wait();  // Holds the body and does not read it.
      co_return Response{.head = {}, .body = std::move(held.body)};
    }(executor, std::move(request));
  });
  Restart(never);
  FieldList fields = GetFields();
  fields[0].second = "POST";
  ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(fields))), IsOk());
  const std::string full(16 * 1024, 'x');
  for (int i = 0; i < 40; ++i) (void)Feed(Frame(kData, 0, 1, full));
  EXPECT_LE(session->peak_buffered(), limits.stream_buffer);
  EXPECT_TRUE(ResetCode(1) || GoawayCode());
}

TEST_F(H2HostileTest, MoreStreamsThanAllowedAreRefused) {
  Event never(executor);
  FakeService waits([&never](Request) {
    return [](Event& event) -> Task<Result<Response>> {
      co_await event.Wait();
      co_return Response{};
    }(never);
  });
  Restart(waits);
  std::string bytes = Preface();
  for (std::uint32_t i = 0; i < 200; ++i) {
    bytes += Frame(kHeaders, kEndHeaders | kEndStream, 1 + 2 * i, Block(GetFields()));
  }
  (void)Feed(bytes);
  EXPECT_EQ(waits.calls, 128);
  EXPECT_EQ(session->stream_count(), 128u);
}

TEST_F(H2HostileTest, RapidResetEndsTheConnection) {
  ASSERT_THAT(Feed(Preface()), IsOk());
  Result<void> result = Ok();
  std::uint32_t i = 0;
  for (; i < 10'000 && result; ++i) {
    result = Feed(Frame(kHeaders, kEndHeaders | kEndStream, 1 + 2 * i, Block(GetFields())) +
                  Frame(kRst, 0, 1 + 2 * i, Number(8)));
  }
  EXPECT_LE(i, 400u);
  EXPECT_THAT(result, FailsWith(ErrorKind::kTooLarge));
  EXPECT_EQ(GoawayCode(), kEnhanceYourCalm);
  EXPECT_EQ(session->stream_count(), 0u);
  EXPECT_TRUE(session->is_finished());
}

TEST_F(H2HostileTest, ResetsThatWeAreMadeToSendEndTheConnection) {
  ASSERT_THAT(Feed(Preface()), IsOk());
  std::uint32_t i = 0;
  for (; i < 10'000 && !session->is_finished(); ++i) {
    (void)Feed(Frame(kHeaders, kEndHeaders | kEndStream, 1 + 2 * i,
                     Block(GetFields({{"content-length", "5"}}))));
  }
  EXPECT_LE(i, 400u);
  EXPECT_EQ(GoawayCode(), kEnhanceYourCalm);
}

TEST_F(H2HostileTest, ResetsAtAHumanPaceAreFine) {
  ASSERT_THAT(Feed(Preface()), IsOk());
  for (std::uint32_t i = 0; i < 2'000; ++i) {
    ASSERT_THAT(Feed(Frame(kHeaders, kEndHeaders | kEndStream, 1 + 2 * i, Block(GetFields())) +
                     Frame(kRst, 0, 1 + 2 * i, Number(8))),
                IsOk());
    executor.Advance(50ms);
  }
  EXPECT_FALSE(GoawayCode()) << "takes no new streams";
}

TEST_F(H2HostileTest, FloodsOfSmallFramesEndTheConnection) {
  FieldList post = GetFields();
  post[0].second = "POST";
  const std::pair<const char*, std::string> floods[] = {
      {"PING", Frame(kPing, 0, 0, "12345678")},
      {"SETTINGS", Frame(kSettings, 0, 0, "")},
      {"answers to no PING", Frame(kPing, kAck, 0, "12345678")},
      {"empty DATA", Frame(kData, 0, 1, "")},
      {"DATA of no padding", Frame(kData, kPadded, 1, std::string(1, '\0'))},
      {"DATA of padding", Frame(kData, kPadded, 1, std::string("\3\0\0\0", 4))},
      {"PRIORITY", Frame(kPriority, 0, 1, std::string("\0\0\0\0\x10", 5))},
      {"unknown", Frame(0xbe, 0, 0, "x")},
  };
  for (const auto& [name, frame] : floods) {
    Restart(service);
    ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(post))), IsOk());
    Result<void> result = Ok();
    int count = 0;
    for (; count < 20'000 && result; ++count) {
      const std::size_t cut = count % 2 == 0 ? frame.size() : 9;  // Of every other, the head first.
      result = Feed(frame.substr(0, cut));
      if (result && cut < frame.size()) result = Feed(frame.substr(cut));
    }
    EXPECT_LE(count, 2'000) << name;
    EXPECT_THAT(result, FailsWith(ErrorKind::kTooLarge)) << name;
    EXPECT_EQ(GoawayCode(), kEnhanceYourCalm) << name;
    EXPECT_TRUE(session->is_finished()) << name;
  }
}

TEST_F(H2HostileTest, PaddedDataIsNoFlood) {
  FakeService echo(Echo);
  Restart(echo);
  FieldList post = GetFields();
  post[0].second = "POST";
  ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(post))), IsOk());
  const std::string padded = Frame(kData, kPadded, 1, std::string("\3x\0\0\0", 5));
  for (int i = 0; i < 2'000; ++i) ASSERT_THAT(Feed(padded), IsOk());
  EXPECT_FALSE(GoawayCode());
}

TEST_F(H2HostileTest, ABodyThatBreaksOffHoldsNoStreamWhoseWindowIsShut) {
  FakeService breaks([](Request) -> Task<Result<Response>> {
    Response response;
    response.body = std::make_unique<PieceBody>(std::vector<std::string>{}, Unavailable("gone"));
    co_return response;
  });
  for (const std::uint32_t window : {0, 65'535}) {
    Restart(breaks);
    const std::string settings = Frame(kSettings, 0, 0, std::string("\0\4", 2) + Number(window));
    ASSERT_THAT(Feed(Preface() + settings + HeadFrames(kEndStream, Block(GetFields()))), IsOk());
    EXPECT_TRUE(ResetCode(1)) << window;
    EXPECT_EQ(Status(1), 200) << window;
    EXPECT_EQ(session->stream_count(), 0u);
  }
}

TEST_F(H2HostileTest, ContinuationFloodsEndTheConnection) {
  for (const std::size_t size : {0u, 1u, 16'000u}) {
    Restart(service);
    std::string block = Block(GetFields());
    ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndStream, 1, block)), IsOk());
    EXPECT_TRUE(session->is_head_incomplete());
    Result<void> result = Ok();
    int count = 0;
    const std::string more =
        size == 16'000u ? Literal("x-flood", std::string(15'900, 'v')) : std::string(size, '\x82');
    for (; count < 1'000 && result && !session->is_finished(); ++count) {
      result = Feed(Frame(kContinuation, 0, 1, more));
    }
    EXPECT_LE(count, 20) << size;
    EXPECT_TRUE(GoawayCode()) << size;
    EXPECT_EQ(service.calls, 0);
    EXPECT_TRUE(session->is_finished()) << size;
  }
}

TEST_F(H2HostileTest, AHeadThatGrowsWhenDecodedIsRefused) {
  const std::string block = Block(GetFields()) + Bomb(4'000, 10);
  ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders | kEndStream, 1, block)), IsOk());
  EXPECT_EQ(Status(1), 431);
  EXPECT_EQ(service.calls, 0);
}

TEST_F(H2HostileTest, AHeadThatGrowsFarBeyondItsLimitIsNotReadToItsEnd) {
  const std::string block = Block(GetFields()) + Bomb(4'000, 40'000);
  ASSERT_THAT(Feed(Preface() + HeadFrames(kEndStream, block)), IsOk());
  EXPECT_EQ(ResetCode(1), kEnhanceYourCalm);
  EXPECT_EQ(Status(1), 0);
  EXPECT_EQ(session->stream_count(), 0u);
  // The table is as the peer knows it, and other streams go on.
  const std::string next = Block(GetFields()) + "\xbe";
  ASSERT_THAT(Feed(Frame(kHeaders, kEndHeaders | kEndStream, 3, next)), IsOk());
  EXPECT_EQ(Status(3), 200);
  EXPECT_EQ(service.last.fields.Find("x-big")->size(), 4'000u);
  EXPECT_EQ(service.calls, 1);
}

TEST_F(H2HostileTest, TrailersThatGrowWhenDecodedResetTheirStream) {
  FakeService echo(Echo);
  FieldList post = GetFields();
  post[0].second = "POST";
  for (const std::size_t references : {10u, 40'000u}) {
    Restart(echo);
    ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(post)) +
                     Frame(kData, 0, 1, "hello") + HeadFrames(kEndStream, Bomb(4'000, references))),
                IsOk());
    EXPECT_EQ(ResetCode(1).has_value(), references > 10) << references;
    EXPECT_EQ(session->stream_count(), 0u);
    EXPECT_FALSE(GoawayCode());
  }
}

TEST_F(H2HostileTest, ManyHeadsThatGrowWhenDecodedEndTheConnection) {
  ASSERT_THAT(Feed(Preface() + HeadFrames(kEndStream, Block(GetFields()) + Bomb(4'000, 0))),
              IsOk());
  std::uint32_t i = 1;
  for (; i < 10'000 && !session->is_finished(); ++i) {
    (void)Feed(Frame(kHeaders, kEndHeaders | kEndStream, 1 + 2 * i,
                     Block(GetFields()) + std::string(20, '\xbe')));
  }
  EXPECT_LE(i, 400u);
  EXPECT_EQ(GoawayCode(), kEnhanceYourCalm);
}

TEST_F(H2HostileTest, AnswersThatNobodyReadsAreBounded) {
  H2Options tunnel{.carrier = H2Carrier::kTunnel};
  session = std::make_unique<H2ServerSession>(executor, limits, service, tunnel);
  std::string pings = Preface();
  for (int i = 0; i < 1'500; ++i) pings += Frame(kPing, 0, 0, "12345678");
  const auto view = std::as_bytes(std::span(pings));
  std::vector<std::byte> exact(view.begin(), view.end());
  EXPECT_FALSE(session->Receive(exact));  // Within the tunnel's budget, but nothing was written.
}

}  // namespace
}  // namespace berth::http
