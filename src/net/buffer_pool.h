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

/// What one read gives at most. Less than a large block by what goes around it on its way on: a
/// frame of HTTP/2 in one of a WebSocket in TLS records still fits a large block, and with that one
/// segment of the loopback device (65,483 bytes), where a little more would be a segment of its
/// own.
inline constexpr std::size_t kMostRead = 63 * 1024;

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
  /// Room for a read, kMostRead bytes; ends the validity of the last view.
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
