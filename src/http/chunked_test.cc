#include "http/chunked.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::http {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

struct Decoded {
  std::string data;
  std::size_t consumed = 0;
  bool is_done = false;
};

/// Decodes `text` in pieces of `step` bytes.
Result<Decoded> Decode(std::string text, std::size_t step) {
  ChunkedDecoder decoder;
  Decoded decoded;
  for (std::size_t at = 0; at < text.size() && !decoder.is_done();) {
    const std::size_t size = std::min(step, text.size() - at);
    auto result = decoder.Decode(std::as_writable_bytes(std::span(text)).subspan(at, size));
    if (!result) return std::move(result).error();
    decoded.data += net::AsText(result->data);
    at += result->consumed;
    decoded.consumed = at;
  }
  decoded.is_done = decoder.is_done();
  return decoded;
}

TEST(ChunkedTest, DecodesHoweverTheBytesArrive) {
  const std::string body =
      "5\r\nhello\r\n1;name=\"va lue\"\r\n,\r\n00A;x\r\n 123456789\r\n0;last\r\nx-a: b\r\n"
      "x-c:\r\n\r\n";
  for (std::size_t step = 1; step <= body.size(); ++step) {
    const auto decoded = Decode(body + "GET / next", step);
    ASSERT_THAT(decoded, IsOk());
    EXPECT_EQ(decoded->data, "hello, 123456789");
    EXPECT_EQ(decoded->consumed, body.size());
    EXPECT_TRUE(decoded->is_done);
  }
}

TEST(ChunkedTest, MovesChunksTogether) {
  std::string text = "3\r\nabc\r\n3\r\ndef\r\n3\r\ngh";
  ChunkedDecoder decoder;
  auto step = decoder.Decode(std::as_writable_bytes(std::span(text)));
  ASSERT_THAT(step, IsOk());
  EXPECT_EQ(net::AsText(step->data), "abcdefgh");
  EXPECT_EQ(step->consumed, text.size());
}

TEST(ChunkedTest, IsNotDoneBeforeItsLastByte) {
  const std::string body = "2\r\nab\r\n0\r\nt: v\r\n\r\n";
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto decoded = Decode(body.substr(0, size), 3);
    ASSERT_THAT(decoded, IsOk());
    EXPECT_FALSE(decoded->is_done) << size;
  }
}

TEST(ChunkedTest, BoundsWhatItDrops) {
  std::string many;
  for (int i = 0; i < 20; ++i) many += "1;" + std::string(1000, 'e') + "\r\nx\r\n";
  EXPECT_THAT(Decode(many, 100), FailsWith(ErrorKind::kTooLarge));
  std::string trailers = "0\r\n";
  for (int i = 0; i < 5000; ++i) trailers += "a: b\r\n";
  EXPECT_THAT(Decode(trailers, 100), FailsWith(ErrorKind::kTooLarge));
  const std::string long_name = "0\r\n" + std::string(20'000, 'a');
  EXPECT_THAT(Decode(long_name, 100), FailsWith(ErrorKind::kTooLarge));
}

TEST(ChunkedTest, RefusesControlBytesInTrailers) {
  for (const char byte : {'\0', '\n', '\x1b', '\x7f'}) {
    EXPECT_THAT(Decode(std::string("0\r\na: b") + byte + "c\r\n\r\n", 100),
                FailsWith(ErrorKind::kInvalid))
        << int{byte};
  }
}

TEST(ChunkedTest, WhatItWritesItReads) {
  std::string out;
  const std::string data(70'000, 'z');
  AppendChunkStart(out, data.size());
  out.append(data).append(kChunkEnd).append(kLastChunk);
  const auto decoded = Decode(out, 4096);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_TRUE(decoded->data == data);
  EXPECT_TRUE(decoded->is_done);
}

}  // namespace
}  // namespace berth::http
