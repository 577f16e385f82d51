#include "http/h2_inbound.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "http/h2_session.h"

namespace berth::http {

std::size_t H2Block::Append(Bytes bytes, bool is_more) {
  if (!block_) {
    const bool is_small = !is_more && bytes.size() <= std::to_underlying(net::BlockSize::kSmall);
    block_ = net::Block(is_small ? net::BlockSize::kSmall : net::BlockSize::kLarge);
  }
  const std::size_t count = std::min(bytes.size(), capacity() - size_);
  std::memcpy(block_.bytes().data() + size_, bytes.data(), count);
  size_ += count;
  return count;
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
    const bool is_more = !blocks_.empty();
    if (!is_more || blocks_.back().is_full()) blocks_.Add();
    bytes = bytes.subspan(blocks_.back().Append(bytes, is_more));
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
  changed_.Set();
}

void H2Inbound::Drop(Error error) {
  if (ended_) return;
  Fail(std::move(error));
  Discard();
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
      if (!arrived) {
        Fail(arrived.error());
        co_return std::move(arrived).error();
      }
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

void H2Inbound::Cut() {
  Fail(Cancelled("nobody may read on"));
  Discard();
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
