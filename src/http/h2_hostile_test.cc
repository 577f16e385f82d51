// Bytes that no decent HTTP/2 peer sends, against a server session.
#include <gtest/gtest.h>

#include "http/h2_client_session.h"
#include "http/h2_flood_guard.h"
#include "http/h2_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // NOLINT: the fixture's own vocabulary.

constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kAck = 1;
constexpr std::uint8_t kEndHeaders = 4;
constexpr std::uint8_t kPadded = 8;
constexpr std::uint32_t kProtocolError = 1;
constexpr std::uint32_t kEnhanceYourCalm = 11;

/// What a browser sends for a WebSocket (RFC 8441), but for its version.
FieldList Upgrade(FieldList more) {
  FieldList fields = GetFields(std::move(more));
  fields[0].second = "CONNECT";
  fields.insert(fields.begin() + 1, {":protocol", "websocket"});
  return fields;
}

Task<Result<Response>> Ok200(Request) { co_return TextResponse(200, "text/plain", "fine"); }

/// A server session that is fed raw bytes.
class H2HostileTest : public ::testing::Test {
 protected:
  /// Feeds bytes; what the session answers is in `answers` afterwards.
  Result<void> Feed(const std::string& bytes) {
    const auto view = std::as_bytes(std::span(bytes));
    std::vector<std::byte> exact(view.begin(), view.end());  // So that ASan sees its bounds.
    auto received = session->Receive(exact);
    executor.RunUntilIdle();
    OutBuffer out;
    while (session->wants_write()) {
      session->Produce(out, kH2Write);
      executor.RunUntilIdle();
    }
    for (SeenFrame& frame : ParseFrames(out)) answers.push_back(std::move(frame));
    return received;
  }

  void Restart(Service& other) {
    answers.clear();
    session = std::make_unique<H2ServerSession>(executor, limits, other);
  }

  /// The error code of the GOAWAY that was sent, if any.
  std::optional<std::uint32_t> GoawayCode() const {
    for (const SeenFrame& frame : answers) {
      if (frame.type == kGoaway) return static_cast<std::uint8_t>(frame.payload[7]);
    }
    return std::nullopt;
  }
  std::optional<std::uint32_t> ResetCode(std::uint32_t stream) const {
    for (const SeenFrame& frame : answers) {
      if (frame.type == kRst && frame.stream == stream) {
        return static_cast<std::uint8_t>(frame.payload[3]);
      }
    }
    return std::nullopt;
  }
  /// The status of a stream's response: it is the first field, from the static table or a literal.
  int Status(std::uint32_t stream) const {
    for (const SeenFrame& frame : answers) {
      if (frame.type != kHeaders || frame.stream != stream) continue;
      nghttp2_hd_inflater* inflater = nullptr;
      nghttp2_hd_inflate_new(&inflater);
      nghttp2_nv field{};
      int flags = 0;
      nghttp2_hd_inflate_hd2(inflater, &field, &flags,
                             reinterpret_cast<const std::uint8_t*>(frame.payload.data()),
                             frame.payload.size(), 1);
      const int status =
          std::stoi(std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
      nghttp2_hd_inflate_del(inflater);
      return status;
    }
    return 0;
  }

  TestExecutor executor;
  Limits limits;
  FakeService service{Ok200};
  std::vector<SeenFrame> answers;
  std::unique_ptr<H2ServerSession> session =
      std::make_unique<H2ServerSession>(executor, limits, service);
};

TEST_F(H2HostileTest, AnswersAGoodRequest) {
  ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders | kEndStream, 1, Block(GetFields()))),
              IsOk());
  EXPECT_EQ(Status(1), 200);
  EXPECT_EQ(service.calls, 1);
  EXPECT_EQ(service.last.authority, "hub.example");
}

TEST_F(H2HostileTest, JoinsCookieCrumbs) {
  ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders | kEndStream, 1,
                                     Block(GetFields({{"cookie", "a=1"},
                                                      {"x-between", "y"},
                                                      {"cookie", "b=2"},
                                                      {"host", "hub.example"}})))),
              IsOk());
  EXPECT_EQ(service.last.fields.Find("cookie"), "a=1; b=2");
  EXPECT_EQ(service.last.fields.Count("cookie"), 1u);
  EXPECT_FALSE(service.last.fields.Has("host"));
}

TEST_F(H2HostileTest, RefusesMalformedRequestsOneByOne) {
  struct Case {
    const char* name;
    FieldList fields;
    int status;  // 0: the stream is reset instead.
  };
  const auto with = [](std::string key, std::string value) {
    FieldList fields = GetFields();
    for (auto& [name, old] : fields) {
      if (name == key) old = value;
    }
    return fields;
  };
  const Case cases[] = {
      {"plain CONNECT", {{":method", "CONNECT"}, {":authority", "hub.example"}}, 405},
      {"TRACE", with(":method", "TRACE"), 405},
      {"endless method", with(":method", std::string(33, 'M')), 501},
      {"other :protocol",
       {{":method", "CONNECT"},
        {":protocol", "connect-udp"},
        {":scheme", "https"},
        {":authority", "hub.example"},
        {":path", "/"}},
       501},
      {"websocket without version", Upgrade({}), 400},
      {"websocket version 8", Upgrade({{"sec-websocket-version", "8"}}), 400},
      {"websocket of two versions",
       Upgrade({{"sec-websocket-version", "13"}, {"sec-websocket-version", "8"}}), 400},
      {"fragment in the target", with(":path", "/a#b"), 400},
      {"backslash in the target", with(":path", "/a\\b"), 400},
      {"double slash", with(":path", "//evil.example/"), 400},
      {"asterisk", with(":path", "*"), 0},
      {"absolute form", with(":path", "http://evil.example/"), 0},
      {"space in the target", with(":path", "/a b"), 0},
      {"8-bit target", with(":path", "/\xe4"), 400},
      {"other scheme", with(":scheme", "ftp"), 400},
      {"user info", with(":authority", "a@hub.example"), 400},
      {"empty authority", with(":authority", ""), 0},
      {"Host differs", GetFields({{"host", "evil.example"}}), 400},
      {"two Hosts", GetFields({{"host", "hub.example"}, {"host", "hub.example"}}), 0},
      {"connection field", GetFields({{"connection", "close"}}), 0},
      {"transfer-encoding", GetFields({{"transfer-encoding", "chunked"}}), 0},
      {"upgrade", GetFields({{"upgrade", "websocket"}}), 0},
      {"te other than trailers", GetFields({{"te", "gzip"}}), 0},
      {"upper-case name", GetFields({{"X-Upper", "v"}}), 0},
      {"CR in a value", GetFields({{"x", "a\rb"}}), 0},
      {"LF in a value", GetFields({{"x", "a\nb"}}), 0},
      {"NUL in a value", GetFields({{"x", std::string("a\0b", 3)}}), 0},
      {"pseudo field after fields", GetFields({{"x", "y"}, {":path", "/"}}), 0},
      {"unknown pseudo field", GetFields({{":evil", "y"}}), 0},
      {"content-length without content", GetFields({{"content-length", "5"}}), 0},
      {"two content-lengths", GetFields({{"content-length", "0"}, {"content-length", "0"}}), 0},
      {"no path", {{":method", "GET"}, {":scheme", "https"}, {":authority", "h"}}, 0},
  };
  for (const Case& each : cases) {
    Restart(service);
    service.calls = 0;
    ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders | kEndStream, 1, Block(each.fields))),
                IsOk())
        << each.name;
    EXPECT_EQ(service.calls, 0) << each.name;
    EXPECT_EQ(Status(1), each.status) << each.name;
    if (each.status == 0) EXPECT_EQ(ResetCode(1), kProtocolError) << each.name;
    EXPECT_FALSE(GoawayCode()) << each.name;
    EXPECT_EQ(session->stream_count(), 0u) << each.name;
    // The connection goes on.
    ASSERT_THAT(Feed(Frame(kHeaders, kEndHeaders | kEndStream, 3, Block(GetFields()))), IsOk());
    EXPECT_EQ(Status(3), 200) << each.name;
    EXPECT_EQ(service.calls, 1) << each.name;
  }
}

TEST_F(H2HostileTest, AWebSocketHasOneVersionAndNoLength) {
  const std::pair<FieldList, int> cases[] = {
      {{}, 200}, {{{"content-length", "0"}}, 400}, {{{"content-length", "5"}}, 400}};
  for (auto [fields, status] : cases) {
    FakeService accept([](Request) {
      Response response;
      response.head.status = 101;
      return AtHand(std::move(response));
    });
    Restart(accept);
    fields.emplace_back("sec-websocket-version", "13");
    ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(Upgrade(fields)))), IsOk());
    EXPECT_EQ(Status(1), status);
    EXPECT_FALSE(accept.last.fields.Has("sec-websocket-version"));
  }
}

TEST_F(H2HostileTest, ABodyThatContradictsItsContentLengthIsReset) {
  FakeService echo(Echo);
  for (const char* data : {"abc", "abcdefgh"}) {
    Restart(echo);
    FieldList fields = GetFields({{"content-length", "5"}});
    fields[0].second = "POST";
    ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(fields)) +
                     Frame(kData, kEndStream, 1, data)),
                IsOk());
    EXPECT_EQ(ResetCode(1), kProtocolError);
    EXPECT_EQ(session->stream_count(), 0u);
    EXPECT_EQ(session->buffered(), 0u);
  }
}

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
  // One field of 4,000 bytes enters the dynamic table, then 50 one-byte references to it.
  std::string block = Block(GetFields());
  std::string indexed = Literal("x-big", std::string(4'000, 'b'));
  indexed[0] = 0x40;  // With indexing.
  block += indexed + std::string(50, '\xbe');
  ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders | kEndStream, 1, block)), IsOk());
  EXPECT_EQ(Status(1), 431);
  EXPECT_EQ(service.calls, 0);
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

TEST_F(H2HostileTest, TrailersAreReadAndDropped) {
  FakeService echo(Echo);
  Restart(echo);
  FieldList fields = GetFields();
  fields[0].second = "POST";
  ASSERT_THAT(
      Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(fields)) + Frame(kData, 0, 1, "body") +
           Frame(kHeaders, kEndHeaders | kEndStream, 1, Block({{"x-trailer", "t"}}))),
      IsOk());
  EXPECT_EQ(Status(1), 200);
  EXPECT_FALSE(echo.last.fields.Has("x-trailer"));
  EXPECT_EQ(session->stream_count(), 0u);
}

/// A hub that waits for the answer of its agent, which says what the test wants.
struct H2HostileAgentTest : ::testing::Test {
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

TEST_F(H2HostileAgentTest, AnAnswerThatIsNoneIsInvalid) {
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

TEST_F(H2HostileAgentTest, TheEndOfTheConnectionIsNoAnswer) {
  std::string flood;
  for (int i = 0; i < 20'000; ++i) flood += Frame(kPing, 0, 0, "12345678");
  EXPECT_THAT(AnswerTo(flood), FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::http
