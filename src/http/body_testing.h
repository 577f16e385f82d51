// For tests: a body whose pieces the test chooses.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/event.h"
#include "http/body.h"

namespace berth::http::testing {

/// A body of unknown length that yields the given pieces, and then its end or `error`. Each waits
/// for `gate`, where there is one, to be set. A piece is gone once the next is read.
class PieceBody : public Body {
 public:
  explicit PieceBody(std::vector<std::string> pieces, Event* gate = nullptr)
      : pieces_(std::move(pieces)), gate_(gate) {}
  PieceBody(std::vector<std::string> pieces, std::optional<Error> error)
      : pieces_(std::move(pieces)), error_(std::move(error)) {}

  Task<Result<MutableBytes>> Read() override {
    if (gate_ != nullptr) {
      co_await gate_->Wait();
      gate_->Reset();
    }
    if (next_ == pieces_.size() && error_) co_return *error_;
    if (next_ == pieces_.size()) co_return MutableBytes{};
    piece_ = std::exchange(pieces_[next_++], {});
    co_return std::as_writable_bytes(std::span(piece_));
  }

 private:
  std::vector<std::string> pieces_;
  Event* gate_ = nullptr;
  std::optional<Error> error_;
  std::size_t next_ = 0;
  std::string piece_;
};

/// `text` in pieces of `size` bytes; the last may be shorter.
inline std::vector<std::string> Cut(std::string_view text, std::size_t size) {
  std::vector<std::string> pieces;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    pieces.emplace_back(text.substr(0, size));
  }
  return pieces;
}

}  // namespace berth::http::testing
