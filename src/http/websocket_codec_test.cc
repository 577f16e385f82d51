#include "http/websocket_codec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/result_testing.h"

namespace berth::http {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

// Everything that a decoder says about some bytes, given to it in pieces of `step`: one line per
// message or control frame ("text:hello", "binary:...", "close:1000:bye"), then "error:CODE".
std::string Decode(WebSocketRole role, std::string bytes, std::size_t step = 1 << 20,
                   WebSocketDecoder::Options options = {}) {
  WebSocketDecoder decoder(role, options);
  std::string log;
  std::string binary;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    MutableBytes input =
        std::as_writable_bytes(std::span(bytes).subspan(at, std::min(step, bytes.size() - at)));
    for (;;) {
      auto event = decoder.Next(input);
      if (!event) return log + fmt::format("error:{}", decoder.failure_code());
      if (!*event) break;
      switch ((*event)->kind) {
        case WebSocketEvent::Kind::kText:
          log += fmt::format("text:{}\n", (*event)->text());
          break;
        case WebSocketEvent::Kind::kBinary:
          binary += (*event)->text();
          if ((*event)->is_end) log += fmt::format("binary:{}\n", std::exchange(binary, {}));
          break;
        case WebSocketEvent::Kind::kPing:
          log += fmt::format("ping:{}\n", (*event)->text());
          break;
        case WebSocketEvent::Kind::kPong:
          log += fmt::format("pong:{}\n", (*event)->text());
          break;
        case WebSocketEvent::Kind::kClose:
          log += fmt::format("close:{}:{}\n", (*event)->code, (*event)->text());
          break;
      }
    }
    EXPECT_TRUE(input.empty());
  }
  return log;
}

std::string FromAcceptor(std::string bytes) {
  const std::string whole = Decode(WebSocketRole::kDialer, bytes);
  for (std::size_t step = 1; step < 9; ++step) {
    EXPECT_EQ(Decode(WebSocketRole::kDialer, bytes, step), whole) << step;
  }
  return whole;
}

std::string Raw(std::initializer_list<int> bytes, std::string_view tail = "") {
  std::string raw;
  for (int byte : bytes) raw.push_back(static_cast<char>(byte));
  return raw.append(tail);
}

constexpr MaskKey kKey = {std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

TEST(WebSocketDecoderTest, ReadsTheExamplesOfTheRfc) {
  EXPECT_EQ(FromAcceptor(Raw({0x81, 0x05}, "Hello")), "text:Hello\n");
  EXPECT_EQ(FromAcceptor(Raw({0x01, 0x03}, "Hel") + Raw({0x80, 0x02}, "lo")), "text:Hello\n");
  EXPECT_EQ(FromAcceptor(Raw({0x89, 0x05}, "Hello")), "ping:Hello\n");
  const std::string masked =
      Raw({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58});
  for (std::size_t step = 1; step < 12; ++step) {
    EXPECT_EQ(Decode(WebSocketRole::kAcceptor, masked, step), "text:Hello\n");
  }
  EXPECT_EQ(FromAcceptor(Raw({0x82, 0x7E, 0x01, 0x00}, std::string(256, 'b'))),
            "binary:" + std::string(256, 'b') + "\n");
  EXPECT_EQ(FromAcceptor(Raw({0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0}, std::string(65536, 'b'))),
            "binary:" + std::string(65536, 'b') + "\n");
}

TEST(WebSocketDecoderTest, TakesControlFramesBetweenFragments) {
  EXPECT_EQ(FromAcceptor(Raw({0x01, 0x01}, "a") + Raw({0x89, 0x01}, "p") + Raw({0x00, 0x00}) +
                         Raw({0x8A, 0x00}) + Raw({0x80, 0x01}, "b") + Raw({0x82, 0x00})),
            "ping:p\npong:\ntext:ab\nbinary:\n");
}

TEST(WebSocketDecoderTest, ReadsCloseFramesAndDropsWhatFollows) {
  EXPECT_EQ(FromAcceptor(Raw({0x88, 0x00}) + "garbage"), "close:1005:\n");
  EXPECT_EQ(FromAcceptor(Raw({0x88, 0x05, 0x03, 0xE8}, "bye") + "garbage"), "close:1000:bye\n");
  EXPECT_EQ(FromAcceptor(Raw({0x88, 0x02, 0x0F, 0xA1})), "close:4001:\n");
}

TEST(WebSocketDecoderTest, RefusesWhatTheRfcForbids) {
  struct Case {
    const char* what;
    std::string bytes;
    int code;
  };
  const Case cases[] = {
      {"reserved bit", Raw({0xC1, 0x00}), 1002},
      {"unknown data opcode", Raw({0x83, 0x00}), 1002},
      {"unknown control opcode", Raw({0x8B, 0x00}), 1002},
      {"masked from the acceptor", Raw({0x81, 0x80, 0, 0, 0, 0}), 1002},
      {"fragmented ping", Raw({0x09, 0x00}), 1002},
      {"long ping", Raw({0x89, 0x7E, 0x00, 0x7E}), 1002},
      {"length not shortest, 16 bits", Raw({0x81, 0x7E, 0x00, 0x7D}), 1002},
      {"length not shortest, 64 bits", Raw({0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}), 1002},
      {"length beyond 63 bits", Raw({0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0}), 1002},
      {"continuation of nothing", Raw({0x80, 0x00}), 1002},
      {"message inside a message", Raw({0x01, 0x00, 0x81, 0x00}), 1002},
      {"close with one byte", Raw({0x88, 0x01, 0x03}), 1002},
      {"close code 999", Raw({0x88, 0x02, 0x03, 0xE7}), 1002},
      {"close code 1005", Raw({0x88, 0x02, 0x03, 0xED}), 1002},
      {"close code 5000", Raw({0x88, 0x02, 0x13, 0x88}), 1002},
      {"close reason not UTF-8", Raw({0x88, 0x03, 0x03, 0xE8, 0xFF}), 1007},
      {"text not UTF-8", Raw({0x81, 0x01, 0xFF}), 1007},
      {"text cut inside a character", Raw({0x01, 0x01, 0xC3, 0x80, 0x01, 0x41}), 1007},
      {"text too long", Raw({0x81, 0x7F, 0, 0, 0, 0, 0, 0x10, 0, 1}), 1009},
      {"binary too long", Raw({0x82, 0x7F, 0x7F, 0, 0, 0, 0, 0, 0, 0}), 1009},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(FromAcceptor(c.bytes), fmt::format("error:{}", c.code)) << c.what;
  }
  EXPECT_EQ(Decode(WebSocketRole::kAcceptor, Raw({0x81, 0x00})), "error:1002");
}

TEST(WebSocketDecoderTest, JoinsACharacterThatFragmentsSplit) {
  EXPECT_EQ(FromAcceptor(Raw({0x01, 0x01, 0xC3, 0x80, 0x01, 0xBC})), "text:\xC3\xBC\n");
}

TEST(WebSocketDecoderTest, BoundsAFragmentedTextAsAWhole) {
  const WebSocketDecoder::Options options{.max_text = 4};
  EXPECT_EQ(Decode(WebSocketRole::kDialer, Raw({0x81, 0x04}, "four"), 64, options), "text:four\n");
  EXPECT_EQ(Decode(WebSocketRole::kDialer, Raw({0x01, 0x03}, "fou") + Raw({0x80, 0x02}, "rs"), 64,
                   options),
            "error:1009");
}

TEST(WebSocketDecoderTest, RefusesBinaryWhereItIsNotWanted) {
  const WebSocketDecoder::Options options{.accept_binary = false};
  EXPECT_EQ(Decode(WebSocketRole::kDialer, Raw({0x82, 0x00}), 64, options), "error:1003");
}

TEST(WebSocketDecoderTest, LendsBinaryPayloadInPlace) {
  std::string bytes = Raw({0x82, 0x05}, "Hello");
  MutableBytes input = std::as_writable_bytes(std::span(bytes));
  WebSocketDecoder decoder(WebSocketRole::kDialer, {});
  auto event = decoder.Next(input);
  ASSERT_THAT(event, IsOk());
  ASSERT_TRUE(event->has_value());
  EXPECT_EQ(reinterpret_cast<char*>((*event)->data.data()), bytes.data() + 2);
}

TEST(WebSocketDecoderTest, StaysFailed) {
  std::string bytes = Raw({0xC1, 0x00, 0x81, 0x00});
  MutableBytes input = std::as_writable_bytes(std::span(bytes));
  WebSocketDecoder decoder(WebSocketRole::kDialer, {});
  EXPECT_THAT(decoder.Next(input), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(decoder.Next(input), FailsWith(ErrorKind::kInvalid));
  EXPECT_EQ(decoder.failure_code(), 1002);
}

TEST(WebSocketEncoderTest, WritesTheExamplesOfTheRfc) {
  std::string plain;
  AppendFrame(plain, WebSocketOpcode::kText, "Hello", std::nullopt);
  EXPECT_EQ(plain, Raw({0x81, 0x05}, "Hello"));
  std::string masked;
  AppendFrame(masked, WebSocketOpcode::kText, "Hello", kKey);
  EXPECT_EQ(masked, Raw({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}));
}

TEST(WebSocketEncoderTest, RoundTripsEveryLengthForm) {
  for (std::size_t size : {0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 70001}) {
    std::string payload(size, 'x');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 31);
    std::string bytes;
    AppendFrame(bytes, WebSocketOpcode::kBinary, payload, kKey);
    EXPECT_EQ(bytes.size(), size + FrameHeaderSize(size, true));
    EXPECT_EQ(Decode(WebSocketRole::kAcceptor, bytes, 4099), "binary:" + payload + "\n");
  }
}

TEST(WebSocketEncoderTest, CutsACloseReasonAtACharacter) {
  std::string reason(122, 'r');
  const std::string payload = ClosePayload(close_code::kNormal, reason + "\xC3\xBC");
  EXPECT_EQ(payload.size(), 2u + 122u);
  EXPECT_EQ(ClosePayload(close_code::kNone, "unused"), "");
}

}  // namespace
}  // namespace berth::http
