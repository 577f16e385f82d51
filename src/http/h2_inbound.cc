#include "http/h2_inbound.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "http/h2_session.h"

namespace berth::http {
namespace {

// Blocks that a thread keeps after a burst: 128 * 16 KiB = 2 MiB.
constexpr std::size_t kKeptBlocks = 128;

struct BlockPool {
  std::vector<std::byte*> free;
  bool is_open = true;  // Blocks freed after this thread's pool is gone go to the heap.
  BlockPool() { free.reserve(kKeptBlocks); }
  ~BlockPool() {
    for (std::byte* block : free) delete[] block;
    free.clear();
    is_open = false;
  }
};
thread_local BlockPool pool;

std::byte* TakeBlock() {
  if (pool.free.empty()) return new std::byte[H2Block::kCapacity];  // Not initialised.
  std::byte* block = pool.free.back();
  pool.free.pop_back();
  return block;
}

}  // namespace

std::size_t H2Block::Append(Bytes bytes) {
  if (data_ == nullptr) data_ = TakeBlock();
  const std::size_t count = std::min(bytes.size(), kCapacity - size_);
  std::memcpy(data_ + size_, bytes.data(), count);
  size_ += count;
  return count;
}

void H2Block::Release() noexcept {
  if (data_ == nullptr) return;
#if !__has_feature(address_sanitizer)  // With ASan, keep the use of a stale view visible.
  if (pool.is_open && pool.free.size() < kKeptBlocks) {
    pool.free.push_back(data_);
    data_ = nullptr;
  }
#endif
  delete[] data_;
  data_ = nullptr;
  size_ = 0;
}

H2Block H2BlockQueue::Take() {
  H2Block taken = std::move(blocks_[begin_++]);
  if (begin_ == blocks_.size()) {
    Clear();
  } else if (begin_ >= 16 && begin_ * 2 >= blocks_.size()) {
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  return taken;
}

void H2BlockQueue::Clear() {
  blocks_.clear();
  begin_ = 0;
}

std::size_t H2BlockQueue::bytes() const {
  std::size_t sum = 0;
  for (std::size_t i = begin_; i < blocks_.size(); ++i) sum += blocks_[i].size();
  return sum;
}

void H2Inbound::Append(Bytes bytes) {
  session_->NoteBuffered(static_cast<std::ptrdiff_t>(bytes.size()));
  while (!bytes.empty()) {
    if (blocks_.empty() || blocks_.back().size() == H2Block::kCapacity) blocks_.Add();
    bytes = bytes.subspan(blocks_.back().Append(bytes));
  }
  changed_.Set();
}

void H2Inbound::End() {
  ended_ = true;
  changed_.Set();
}

void H2Inbound::Fail(Error error) {
  if (ended_ || error_) return;
  error_ = std::move(error);
  Discard();
  changed_.Set();
}

Task<Result<MutableBytes>> H2Inbound::Read() {
  if (held_.size() > 0) {
    const std::size_t used = held_.size();
    held_.Release();
    if (session_ != nullptr) {
      session_->NoteBuffered(-static_cast<std::ptrdiff_t>(used));
      session_->Credit(stream_, used);
    }
  }
  if (blocks_.empty() && !ended_ && !error_) {
    if (std::exchange(expects_continue_, false) && stream_ != nullptr) {
      session_->SubmitInterim(*stream_, ResponseHead{.status = 100, .fields = {}});
    }
    if (stall_ == Duration::zero()) {
      auto arrived = co_await WaitForBytes();
      if (!arrived) co_return std::move(arrived).error();
    } else {
      auto arrived =
          co_await WithDeadline(changed_.executor(), stall_, "request body", WaitForBytes());
      if (!arrived) co_return std::move(arrived).error();
    }
  }
  if (!blocks_.empty()) {
    held_ = blocks_.Take();
    co_return held_.view();
  }
  if (error_) co_return *error_;
  co_return MutableBytes{};
}

Task<Result<void>> H2Inbound::WaitForBytes() {
  while (blocks_.empty() && !ended_ && !error_) {
    changed_.Reset();
    co_await changed_.Wait();
  }
  co_return Ok();
}

void H2Inbound::Abandon() {
  if (std::exchange(abandoned_, true)) return;
  Discard();
  const std::size_t used = held_.size();
  held_.Release();
  if (session_ == nullptr) return;
  if (used > 0) {
    session_->NoteBuffered(-static_cast<std::ptrdiff_t>(used));
    session_->Credit(nullptr, used);
  }
  if (stream_ != nullptr) session_->OnAbandoned(*stream_);
}

void H2Inbound::Discard() {
  const std::size_t unread = blocks_.bytes();
  blocks_.Clear();
  if (unread == 0 || session_ == nullptr) return;
  session_->NoteBuffered(-static_cast<std::ptrdiff_t>(unread));
  session_->Credit(nullptr, unread);  // The stream gets no more credit: nobody reads it.
}

}  // namespace berth::http
