// H2Inbound: what arrives on one HTTP/2 stream, between the session that fills it and the body that
// is read from it. The two share it, since either may be gone first.
//
// Bytes are copied once, into pooled blocks; the reader gets whole blocks, so what came in one read
// of the connection is written on in one piece.
#pragma once

#include <algorithm>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "base/event.h"
#include "http/body.h"
#include "http/h2_window.h"
#include "http/message.h"
#include "net/buffer_pool.h"

namespace berth::http {

class H2Session;
struct H2Stream;

/// Bytes in a pooled block: as many as one read of a connection brings, or few where few came.
/// Holds no memory until the first Append.
class H2Block {
 public:
  H2Block() = default;
  H2Block(H2Block&& other) noexcept
      : block_(std::move(other.block_)), size_(std::exchange(other.size_, 0)) {}
  H2Block& operator=(H2Block&& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
    return *this;
  }

  /// Copies as much as fits; returns how much that was, not 0 unless is_full(). The first bytes
  /// decide its size; `is_more` says that others wait already, so that these will not be few.
  std::size_t Append(Bytes bytes, bool is_more);
  void Release() noexcept {
    block_.Release();
    size_ = 0;
  }
  bool is_full() const { return block_ && size_ == capacity(); }
  MutableBytes view() { return block_.bytes().first(size_); }
  std::size_t size() const { return size_; }

 private:
  std::size_t capacity() const { return std::min(block_.bytes().size(), net::kMostRead); }

  net::Block block_;
  std::size_t size_ = 0;
};

/// Blocks in order, first in, first out. Empty, it holds no memory of its own until the first Add.
class H2BlockQueue {
 public:
  bool empty() const { return begin_ == blocks_.size(); }
  H2Block& back() { return blocks_.back(); }
  void Add() { blocks_.emplace_back(); }
  /// REQUIRES: !empty()
  H2Block Take();
  void Clear();
  /// Bytes in all of them.
  std::size_t bytes() const;

 private:
  std::vector<H2Block> blocks_;  // Those before begin_ were taken.
  std::size_t begin_ = 0;
};

class H2Inbound : public boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// `window`: how much the peer may send before it is read, in bytes.
  H2Inbound(Executor& executor, H2Session& session, std::uint32_t window)
      : session_(&session), window_(window), changed_(executor) {}

  // The session's side.
  void Append(Bytes bytes);
  void End();
  /// Ends it with an error, behind what came before, unless it has ended already.
  void Fail(Error error);
  /// The same, and what came before is discarded unless all of it came.
  void Drop(Error error);
  /// The response head, or an error, is there.
  void Announce() { changed_.Set(); }

  // The reader's side.
  Task<Result<MutableBytes>> Read();
  /// Nobody will read any more.
  void Abandon();
  /// The same, but the reader still holds what it read last. What it did not read is discarded.
  void Cut();
  /// Waits for the next change: head, bytes, end, error.
  auto WaitForChange() {
    changed_.Reset();
    return changed_.Wait();
  }

  bool has_ended() const { return ended_; }
  bool is_empty() const { return blocks_.empty(); }
  bool is_abandoned() const { return abandoned_; }
  const std::optional<Error>& error() const { return error_; }

  H2Session* session_;                    ///< Null once the session is gone.
  H2Stream* stream_ = nullptr;            ///< Null once the stream is closed.
  H2Window window_;                       ///< Here: what it let in may outlive the stream.
  std::optional<std::uint64_t> length_;   ///< Content-Length.
  Duration stall_ = Duration::zero();     ///< A read waits no longer; zero = for ever.
  bool expects_continue_ = false;         ///< The peer waits for 100 before it sends its body.
  std::optional<ResponseHead> response_;  ///< Client role: the final head.

 private:
  void Discard();
  Task<Result<void>> WaitForBytes();

  H2BlockQueue blocks_;
  H2Block held_;  ///< What the reader has in hand.
  bool ended_ = false;
  bool abandoned_ = false;
  std::optional<Error> error_;
  Event changed_;
};

/// The body that reads an H2Inbound; abandons it when dropped.
class H2Body : public Body {
 public:
  explicit H2Body(std::shared_ptr<H2Inbound> inbound) : inbound_(std::move(inbound)) {}
  ~H2Body() override { inbound_->Abandon(); }
  Task<Result<MutableBytes>> Read() override { return inbound_->Read(); }
  void Cut() override { inbound_->Cut(); }
  std::optional<std::uint64_t> length() const override { return inbound_->length_; }

 private:
  std::shared_ptr<H2Inbound> inbound_;
};

}  // namespace berth::http
