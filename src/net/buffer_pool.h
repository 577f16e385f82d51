// Blocks of memory for reading from connections, recycled per thread.
//
// A connection holds a block only while somebody looks at what it read: one that waits for its peer
// holds none, so thousands of idle connections cost no buffers. Not thread-safe across threads by
// design: a block goes back to the pool of the thread that lets go of it.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace berth::net {

enum class BlockSize : std::size_t {
  kSmall = 2 * 1024,   ///< What a request head or a message usually needs.
  kLarge = 64 * 1024,  ///< What one read or write system call carries at most.
};

/// One block, or none. Movable; goes back to the pool when destroyed.
class Block {
 public:
  Block() = default;
  explicit Block(BlockSize size);
  Block(Block&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Block() { Release(); }

  explicit operator bool() const { return data_ != nullptr; }
  /// All of it; the content is undefined at first.
  std::span<std::byte> bytes() const {
    return {data_, data_ == nullptr ? 0 : static_cast<std::size_t>(size_)};
  }
  void Release() noexcept;

 private:
  std::byte* data_ = nullptr;
  BlockSize size_ = BlockSize::kSmall;
};

/// What a stream's Read() hands out: filled through a large block that all connections of a thread
/// take turns with, kept in a small one when little came.
class ReadBuffer {
 public:
  /// Room for a read, 64 KiB; ends the validity of the last view.
  std::span<std::byte> Room();
  /// The view of the first `size` bytes written to Room(), valid until Room() or Release().
  std::span<std::byte> Commit(std::size_t size);
  /// Gives everything back while nothing is to be read.
  void Release() noexcept;

 private:
  Block large_;
  Block small_;
};

}  // namespace berth::net
