#include "net/buffer_pool.h"

#include <cstring>
#include <vector>

#include "base/pool.h"

namespace berth::net {
namespace {

// What a thread keeps at most after a burst: 64 * 64 KiB + 512 * 2 KiB = 5 MiB.
constexpr std::size_t kLargeKept = 64;
constexpr std::size_t kSmallKept = 512;

struct Pool {
  explicit Pool(std::size_t limit) : limit(limit) { free.reserve(limit); }
  ~Pool() {
    for (std::byte* block : free) ::operator delete(block);
    free.clear();
    limit = 0;  // Blocks that outlive the thread's pool go to the heap.
  }
  std::size_t limit;
  std::vector<std::byte*> free;
};

Pool& PoolOf(BlockSize size) {
  thread_local Pool large(kLargeKept);
  thread_local Pool small(kSmallKept);
  return size == BlockSize::kLarge ? large : small;
}

}  // namespace

Block::Block(BlockSize size) : size_(size) {
  Pool& pool = PoolOf(size);
  if (pool.free.empty()) {
    data_ = static_cast<std::byte*>(::operator new(static_cast<std::size_t>(size)));
    return;
  }
  data_ = pool.free.back();
  pool.free.pop_back();
}

void Block::Release() noexcept {
  if (data_ == nullptr) return;
  std::byte* const data = std::exchange(data_, nullptr);
  Pool& pool = PoolOf(size_);
  if (kKeepsBlocks && pool.free.size() < pool.limit) {
    pool.free.push_back(data);  // Within the capacity that was reserved: cannot throw.
  } else {
    ::operator delete(data);
  }
}

std::span<std::byte> ReadBuffer::Room() {
  small_.Release();
  if (!large_) large_ = Block(BlockSize::kLarge);
  return large_.bytes().first(kMostRead);
}

std::span<std::byte> ReadBuffer::Commit(std::size_t size) {
  if (size > static_cast<std::size_t>(BlockSize::kSmall)) return large_.bytes().first(size);
  small_ = Block(BlockSize::kSmall);
  std::memcpy(small_.bytes().data(), large_.bytes().data(), size);
  large_.Release();
  return small_.bytes().first(size);
}

void ReadBuffer::Release() noexcept {
  large_.Release();
  small_.Release();
}

}  // namespace berth::net
