#include "http/h2_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>

namespace berth::http {
namespace {

TEST(H2MemoryTest, BlocksKeepTheirBytesAsTheyGrowAndShrink) {
  const nghttp2_mem& memory = *H2Memory();
  void* block = memory.realloc(nullptr, 3, memory.mem_user_data);
  std::memcpy(block, "abc", 3);
  for (const std::size_t size : {4, 40, 400, 4000, 40'000, 400, 3}) {
    block = memory.realloc(block, size, memory.mem_user_data);
    ASSERT_NE(block, nullptr);
    ASSERT_EQ(std::memcmp(block, "abc", 3), 0);
    std::memset(static_cast<char*>(block) + 3, 'x', size - 3);
  }
  memory.free(block, memory.mem_user_data);
  memory.free(nullptr, memory.mem_user_data);
}

TEST(H2MemoryTest, ZeroedBlocksAreZeroWhateverWasThere) {
  const nghttp2_mem& memory = *H2Memory();
  for (int i = 0; i < 3; ++i) {
    auto* block = static_cast<unsigned char*>(memory.calloc(10, 20, memory.mem_user_data));
    for (int at = 0; at < 200; ++at) ASSERT_EQ(block[at], 0);
    std::memset(block, 0xFF, 200);
    memory.free(block, memory.mem_user_data);
  }
}

TEST(H2MemoryTest, WhatCannotBeThereIsNull) {
  const nghttp2_mem& memory = *H2Memory();
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(memory.malloc(kMost, memory.mem_user_data), nullptr);
  EXPECT_EQ(memory.calloc(kMost / 2, 3, memory.mem_user_data), nullptr);
}

}  // namespace
}  // namespace berth::http
