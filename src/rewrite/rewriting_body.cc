#include "rewrite/rewriting_body.h"

#include <span>

namespace berth::rewrite {

RewritingBody::RewritingBody(http::BodyPtr source, std::unique_ptr<http::ContentDecoder> decoder,
                             RewriterPtr rewriter)
    : source_(std::move(source)), decoder_(std::move(decoder)), rewriter_(std::move(rewriter)) {}

Result<bool> RewritingBody::Step() {
  const std::size_t before = in_.size();
  decoded_.clear();
  auto decoded = decoder_->Decode(in_, decoded_);
  if (!decoded) return Wrap(std::move(decoded).error(), "decode body");
  rewriter_->Feed(decoded_, out_);
  return in_.size() != before || !decoded_.empty();
}

Task<Result<http::MutableBytes>> RewritingBody::Read() {
  out_.clear();
  while (!is_done_) {
    // A decoder may hold output although it has used all of its input, so step until it rests.
    for (;;) {
      auto moved = Step();
      if (!moved) co_return std::move(moved).error();
      if (!out_.empty()) co_return std::as_writable_bytes(std::span(out_));
      if (!*moved) break;
    }
    if (is_source_done_) {
      auto finished = decoder_->Finish();
      if (!finished) co_return Wrap(std::move(finished).error(), "decode body");
      is_done_ = true;
      rewriter_->Finish(out_);
      break;
    }
    auto piece = co_await source_->Read();
    if (!piece) co_return std::move(piece).error();
    in_ = net::AsText(*piece);
    is_source_done_ = piece->empty();
  }
  co_return std::as_writable_bytes(std::span(out_));
}

}  // namespace berth::rewrite
