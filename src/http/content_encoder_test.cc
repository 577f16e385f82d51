#include "http/content_encoder.h"

#include <gmock/gmock.h>

#include <random>

#include "base/result_testing.h"
#include "http/content_decoder.h"

namespace berth::http {
namespace {

using berth::testing::IsOk;
using Then = ContentEncoder::Then;

constexpr Coding kCodings[] = {Coding::kGzip, Coding::kBrotli, Coding::kZstd};

/// Text-like: words from a small set, so that it compresses, and not to nothing.
std::string SomeText(std::size_t size) {
  std::mt19937 random(17);
  std::string text;
  while (text.size() < size) {
    const unsigned word = random() % 500;
    text += "word" + std::to_string(word * word) + (word % 9 == 0 ? "\n" : " ");
  }
  text.resize(size);
  return text;
}

std::string SomeNoise(std::size_t size) {
  std::mt19937 random(18);
  std::string noise(size, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return noise;
}

/// What `decoder` makes of `in`, all of it that it can say now.
std::string DecodeSome(ContentDecoder& decoder, std::string_view in) {
  std::string all;
  for (;;) {
    const std::size_t before = in.size() + all.size();
    const std::size_t size = all.size();
    EXPECT_THAT(decoder.Decode(in, all), IsOk());
    if (in.empty() && all.size() == size) return all;
    if (before == in.size() + all.size() && all.size() == size) return all;
  }
}

std::string Encode(Coding coding, std::string_view text, std::size_t piece_size, Then then,
                   std::optional<std::uint64_t> length) {
  auto encoder = ContentEncoder::Create(coding, length);
  std::string out;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, piece_size);
    text.remove_prefix(piece.size());
    EXPECT_THAT(encoder->Encode(piece, then, out), IsOk());
  }
  EXPECT_THAT(encoder->Encode("", Then::kEnd, out), IsOk());
  return out;
}

std::string Decode(Coding coding, std::string_view bytes) {
  auto decoder = ContentDecoder::Create(NameOf(coding));
  std::string text = DecodeSome(*decoder, bytes);
  EXPECT_THAT(decoder->Finish(), IsOk()) << NameOf(coding);
  return text;
}

TEST(ContentEncoderTest, WhatIsEncodedDecodesHoweverItIsCut) {
  for (const auto coding : kCodings) {
    for (const std::size_t size : {0, 1, 1000, 70'000, 140'000}) {
      for (const std::size_t piece : {1'000'000, 16'384, 777}) {
        for (const auto then : {Then::kMore, Then::kPause}) {
          for (const bool is_known : {false, true}) {
            for (const auto& text : {SomeText(size), SomeNoise(size)}) {
              const auto length = is_known ? std::optional<std::uint64_t>(size) : std::nullopt;
              const std::string bytes = Encode(coding, text, piece, then, length);
              ASSERT_EQ(Decode(coding, bytes), text)
                  << NameOf(coding) << " " << size << " " << piece;
            }
          }
        }
      }
    }
  }
}

TEST(ContentEncoderTest, TextGetsSmallerAndNoiseHardlyLarger) {
  const std::string text = SomeText(200'000);
  const std::string noise = SomeNoise(200'000);
  for (const auto coding : kCodings) {
    EXPECT_LT(Encode(coding, text, 16'384, Then::kMore, text.size()).size(), text.size() / 3);
    EXPECT_LT(Encode(coding, noise, 16'384, Then::kPause, std::nullopt).size(), 202'000U);
  }
}

TEST(ContentEncoderTest, APauseBringsOutEverythingSoFar) {
  for (const auto coding : kCodings) {
    auto encoder = ContentEncoder::Create(coding, std::nullopt);
    auto decoder = ContentDecoder::Create(NameOf(coding));
    for (const std::string& event : {std::string("{\"n\":1}\n"), SomeText(40'000), SomeNoise(9)}) {
      std::string out;
      ASSERT_THAT(encoder->Encode(event, Then::kPause, out), IsOk());
      EXPECT_EQ(DecodeSome(*decoder, out), event) << NameOf(coding);
    }
  }
}

TEST(ContentEncoderTest, NothingHasAnEncodingToo) {
  for (const auto coding : kCodings) {
    std::string out;
    ASSERT_THAT(ContentEncoder::Create(coding, 0)->Encode("", Then::kEnd, out), IsOk());
    EXPECT_FALSE(out.empty());
    EXPECT_EQ(Decode(coding, out), "");
  }
}

}  // namespace
}  // namespace berth::http
