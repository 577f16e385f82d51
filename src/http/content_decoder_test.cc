#include "http/content_decoder.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "base/result_testing.h"

namespace berth::http {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

constexpr std::string_view kText = "<a href=\"/x\">hello hello hello</a>";
// kText as Node's zlib.brotliCompressSync writes it.
constexpr std::string_view kBrotli(
    "\x1b\x21\x00\xf8\x1d\xa9\x51\x9f\x3b\xa6\xd2\x07\x0d\x2f\xd9\x40\xde\x4a\xa4\x2c\x05\x01\x06"
    "\x9f\x3c\xa0\x8d\x57\xd2\x4f\x39\x1e",
    32);
// kText as the zstd command writes it, with a checksum.
constexpr std::string_view kZstd(
    "\x28\xb5\x2f\xfd\x04\x68\xed\x00\x00\xb8\x3c\x61\x20\x68\x72\x65\x66\x3d\x22\x2f\x78\x22\x3e"
    "\x68"
    "\x65\x6c\x6c\x6f\x20\x3c\x2f\x61\x3e\x01\x00\x63\x94\x30\xc6\x2d\x6c\x80",
    42);
// 64 MiB of zeros.
constexpr std::string_view kBrotliBomb(
    "\xcb\xff\xff\x3f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x8f\xff\xff\x7f\xf0\x4f\x00\xc4\x61\x11"
    "\x80\xee\xfd\x1f\xff\xff\xff\xe0\x9f\x00\x88\xc3\x02\x00\xdd\xfb\x3f\xfe\xff\xff\xc1\x3f\x01"
    "\x10\x87\x05\x00\xba\xf7\x7f\xfc\xff\xff\x83\x7f\x02\x20\x0e\x0b\x00\x74\xef\xff\xf8\xff\xff"
    "\x07\xff\x04\x40\x1c\x16\x00\xe8\xde\xff\xf1\xff\xff\x0f\xfe\x09\x80\x38\x2c\x00\xd0\xbd\xff"
    "\xcb\xff\xff\x3f\xfc\x13\x00\x71\x58\x00\xa0\x7b\xff\x07",
    106);

/// `window`: 31 gzip, 15 zlib, -15 raw deflate.
std::string Compress(std::string_view text, int window) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Result<std::string> Decode(std::string_view coding, std::string_view in, std::size_t piece_size) {
  auto decoder = ContentDecoder::Create(coding);
  std::string all;
  while (!in.empty()) {
    std::string_view piece = in.substr(0, piece_size);
    in.remove_prefix(piece.size());
    for (;;) {
      std::string out;
      const std::size_t before = piece.size();
      auto decoded = decoder->Decode(piece, out);
      if (!decoded) return std::move(decoded).error();
      EXPECT_LE(out.size(), kDecodeStep);
      all += out;
      if (piece.size() == before && out.empty()) break;
    }
    EXPECT_TRUE(piece.empty());
  }
  auto finished = decoder->Finish();
  if (!finished) return std::move(finished).error();
  return all;
}

struct Coded {
  std::string_view coding;
  std::string bytes;
};

std::vector<Coded> AllCodings() {
  return {{"identity", std::string(kText)},  {"gzip", Compress(kText, 31)},
          {"X-GZip", Compress(kText, 31)},   {"deflate", Compress(kText, 15)},
          {"deflate", Compress(kText, -15)}, {"br", std::string(kBrotli)},
          {"zstd", std::string(kZstd)}};
}

TEST(ContentDecoderTest, DecodesEveryCodingHoweverItIsCut) {
  for (const auto& [coding, bytes] : AllCodings()) {
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
      auto decoded = Decode(coding, bytes, size);
      ASSERT_THAT(decoded, IsOk()) << coding << " " << size;
      EXPECT_EQ(*decoded, kText);
    }
  }
}

TEST(ContentDecoderTest, EveryTruncationIsNoticed) {
  for (const auto& [coding, bytes] : AllCodings()) {
    if (coding == "identity") continue;
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      EXPECT_THAT(Decode(coding, bytes.substr(0, size), 7), FailsWith(ErrorKind::kInvalid))
          << coding << " " << size;
    }
    EXPECT_THAT(Decode(coding, "", 7), IsOk());
  }
}

TEST(ContentDecoderTest, BrokenDataIsAnError) {
  for (const auto coding : {"gzip", "deflate", "br", "zstd"}) {
    EXPECT_THAT(Decode(coding, "\xff\xfe this is not compressed", 7),
                FailsWith(ErrorKind::kInvalid));
  }
}

TEST(ContentDecoderTest, GzipMayHaveSeveralMembersAndPadding) {
  const std::string twice = Compress("one ", 31) + Compress("two", 31) + std::string(20, '\0');
  EXPECT_EQ(*Decode("gzip", twice, 5), "one two");
}

TEST(ContentDecoderTest, ZstdMayHaveSeveralFramesButNoneOfAnOldFormatOrAVastWindow) {
  const std::string twice = std::string(kZstd) + std::string(kZstd);
  EXPECT_EQ(*Decode("zstd", twice, 5), std::string(kText) + std::string(kText));
  // The magic number of zstd 0.7.
  EXPECT_THAT(Decode("zstd", "\x27\xb5\x2f\xfd 0123456789", 50), FailsWith(ErrorKind::kInvalid));
  // A frame that wants a window of 16 MiB: 2^(10 + 14).
  const std::string_view vast("\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00", 9);
  EXPECT_THAT(Decode("zstd", vast, 50), FailsWith(ErrorKind::kInvalid));
  const std::string_view fine("\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00", 9);
  EXPECT_EQ(*Decode("zstd", fine, 50), "");
}

TEST(ContentDecoderTest, ABombComesOutInSmallSteps) {
  auto decoded = Decode("br", kBrotliBomb, 1000);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->size(), 64U << 20);
  const std::string zeros(8 << 20, '\0');
  EXPECT_EQ(Decode("gzip", Compress(zeros, 31), 1000)->size(), zeros.size());
}

TEST(ContentDecoderTest, OtherCodingsHaveNoDecoder) {
  for (const auto coding : {"compress", "gzip, br", "x"}) {
    EXPECT_EQ(ContentDecoder::Create(coding), nullptr) << coding;
  }
}

}  // namespace
}  // namespace berth::http
