#include "net/buffer_pool.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/pool.h"

namespace berth::net {
namespace {

TEST(BufferPoolTest, AReleasedBlockIsTheNextOfItsSizeAndOfNoOther) {
  for (const auto& [size, other_size] : {std::pair(BlockSize::kSmall, BlockSize::kLarge),
                                         std::pair(BlockSize::kLarge, BlockSize::kSmall)}) {
    Block block(size);
    EXPECT_EQ(block.bytes().size(), static_cast<std::size_t>(size));
    const std::byte* const data = block.bytes().data();
    block.Release();
    EXPECT_FALSE(block);
    EXPECT_TRUE(block.bytes().empty());
    void* const of_heap =
        ::operator new(static_cast<std::size_t>(size));  // Would be it, had it gone there.
    const Block other(other_size);
    const Block again(size);
    EXPECT_NE(other.bytes().data(), data);
    EXPECT_EQ(again.bytes().data() == data, kKeepsBlocks);
    ::operator delete(of_heap);
  }
}

TEST(BufferPoolTest, LittleThatWasReadIsKeptInASmallBlock) {
  ReadBuffer buffer;
  const auto room = buffer.Room();
  EXPECT_EQ(room.size(), kMostRead);
  const std::byte* const large = room.data();
  std::memcpy(room.data(), "little", 6);
  const auto view = buffer.Commit(6);
  ASSERT_EQ(view.size(), 6U);
  EXPECT_NE(view.data(), large);
  EXPECT_EQ(std::memcmp(view.data(), "little", 6), 0);
  // Another connection of the thread reads through the large one meanwhile.
  ReadBuffer next;
  EXPECT_EQ(next.Room().data() == large, kKeepsBlocks);
}

TEST(BufferPoolTest, MuchThatWasReadStaysWhereItIs) {
  constexpr std::size_t kMuch = static_cast<std::size_t>(BlockSize::kSmall) + 1;
  ReadBuffer buffer;
  const auto room = buffer.Room();
  const auto view = buffer.Commit(kMuch);
  EXPECT_EQ(view.data(), room.data());
  EXPECT_EQ(view.size(), kMuch);
}

}  // namespace
}  // namespace berth::net
