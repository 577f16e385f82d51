#include "http/mask.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

constexpr MaskKey kKey = {std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

std::string Pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 >> 2);
  return text;
}

std::string Masked(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>(text[i] ^ static_cast<char>(kKey[i % 4]));
  }
  return text;
}

TEST(MaskTest, MasksFromAnyPhase) {
  const std::string whole = Masked(Pattern(100));
  for (std::size_t cut = 0; cut < 20; ++cut) {
    std::string parts = Pattern(100);
    const net::MutableBytes bytes = std::as_writable_bytes(std::span(parts));
    ApplyMask(bytes.first(cut), kKey);
    ApplyMask(bytes.subspan(cut), kKey, cut);
    EXPECT_EQ(parts, whole);
  }
}

TEST(MaskTest, DrawsDifferentMasks) { EXPECT_NE(RandomMaskKey(), RandomMaskKey()); }

TEST(PayloadWriterTest, MasksWhateverThePiecesAndWhereverTheyLie) {
  const std::string payload = Pattern(300);
  for (std::size_t before = 0; before < 9; ++before) {
    for (const std::size_t piece : {1, 3, 8, 13, 300}) {
      std::string out(before, '-');
      PayloadWriter writer(out, kKey);
      for (std::size_t at = 0; at < payload.size(); at += piece) {
        writer.Append(std::string_view(payload).substr(at, piece));
      }
      EXPECT_EQ(writer.size(), payload.size());
      EXPECT_EQ(out, std::string(before, '-') + Masked(payload));
    }
  }
}

TEST(PayloadWriterTest, CopiesWithoutAKey) {
  std::string out = "before";
  PayloadWriter writer(out);
  writer.Append("one");
  writer.Append("");
  writer.Append("two");
  EXPECT_EQ(out, "beforeonetwo");
  EXPECT_EQ(writer.size(), 6U);
}

}  // namespace
}  // namespace berth::http
