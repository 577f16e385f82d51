#include "base/pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace berth {
namespace {

TEST(PoolTest, BlocksOfEverySizeHoldWhatIsWrittenToThem) {
  struct Held {
    unsigned char* block;
    std::size_t size;
  };
  std::vector<Held> held;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t size = 0; size < kLargestPooled + 200; size += 7) {
      auto* block = static_cast<unsigned char*>(AllocatePooled(size));
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0U);
      std::memset(block, static_cast<int>(size % 251), size);
      held.push_back({block, size});
    }
    for (const auto& [block, size] : held) {
      for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(block[i], size % 251);
      FreePooled(block, size);
    }
    held.clear();
  }
}

TEST(PoolTest, AFreedBlockIsTheNextOfItsSizeAndOfNoOther) {
  void* const block = AllocatePooled(65);
  FreePooled(block, 65);
  void* const of_heap = ::operator new(128);  // Would be it, had it gone there.
  void* const smaller = AllocatePooled(64);
  void* const larger = AllocatePooled(129);
  void* const again = AllocatePooled(128);
  EXPECT_NE(smaller, block);
  EXPECT_NE(larger, block);
  EXPECT_EQ(again == block, kKeepsBlocks);
  ::operator delete(of_heap);
  FreePooled(smaller, 64);
  FreePooled(larger, 129);
  FreePooled(again, 128);
}

struct Base : Pooled {
  virtual ~Base() = default;
};
struct Large : Base {
  char bytes[1000] = {};
};

TEST(PoolTest, ObjectsAreFreedInTheirOwnSize) {
  std::unique_ptr<Base> large = std::make_unique<Large>();
  const void* const block = large.get();
  large.reset();
  const auto small = std::make_unique<Base>();
  const auto again = std::make_unique<Large>();
  EXPECT_NE(small.get(), block);
  EXPECT_EQ(again.get() == block, kKeepsBlocks);
}

TEST(PoolTest, ContainersAndSharedObjectsLiveInIt) {
  using Text = std::basic_string<char, std::char_traits<char>, PoolAllocator<char>>;
  Text text;
  std::vector<int, PoolAllocator<int>> numbers;
  for (int i = 0; i < 10'000; ++i) {
    text.push_back('x');
    numbers.push_back(i);
  }
  EXPECT_EQ(text.size(), 10'000U);
  EXPECT_EQ(numbers.back(), 9'999);
  const auto shared = std::allocate_shared<std::string>(PoolAllocator<std::string>(), "shared");
  EXPECT_EQ(*shared, "shared");
}

TEST(PoolTest, ABlockMayBeFreedOnAnotherThreadWhichThenKeepsIt) {
  void* block = nullptr;
  std::thread([&] { block = AllocatePooled(100); }).join();
  std::memset(block, 1, 100);
  std::thread([&] {
    void* const own = AllocatePooled(100);
    FreePooled(block, 100);
    void* const again = AllocatePooled(100);
    EXPECT_EQ(again == block, kKeepsBlocks);
    FreePooled(again, 100);
    FreePooled(own, 100);
  }).join();
}

}  // namespace
}  // namespace berth
