#include "http/h1_reader.h"

#include "base/check.h"

namespace berth::http {

net::MutableBytes H1Reader::buffered() {
  if (!is_holding()) return current_;
  return std::as_writable_bytes(std::span(held_)).subspan(held_begin_);
}

net::MutableBytes H1Reader::Contiguous() {
  if (is_holding() && !current_.empty()) {
    held_.append(net::AsText(current_));
    current_ = {};
  }
  return buffered();
}

void H1Reader::Consume(std::size_t count) {
  CHECK(count <= buffered().size());
  if (is_holding()) {
    held_begin_ += count;
  } else {
    current_ = current_.subspan(count);
  }
}

Task<Result<bool>> H1Reader::Fill() {
  // The read gives the stream's buffer back: keep what is left of it.
  if (held_begin_ > 0) held_.erase(0, std::exchange(held_begin_, 0));
  if (!current_.empty()) {
    held_.append(net::AsText(current_));
    current_ = {};
  } else if (held_.empty() && held_.capacity() > 4096) {
    std::string().swap(held_);
  }
  auto read = co_await stream_.Read();
  if (!read) co_return std::move(read).error();
  current_ = *read;
  co_return !read->empty();
}

}  // namespace berth::http
