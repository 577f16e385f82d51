// RewritingBody: an instance's body, decoded and rewritten as it is read.
//
// Pulls from the body it owns only when asked, holds one decoded step at a time, and ends when that
// body ends; errors pass through, and a broken content coding is kInvalid.
#pragma once

#include <memory>
#include <string>

#include "http/body.h"
#include "http/content_decoder.h"
#include "rewrite/rewriter.h"

namespace berth::rewrite {

class RewritingBody : public http::Body {
 public:
  /// REQUIRES: none is null.
  RewritingBody(http::BodyPtr source, std::unique_ptr<http::ContentDecoder> decoder,
                RewriterPtr rewriter);

  Task<Result<http::MutableBytes>> Read() override;

 private:
  /// Decodes and rewrites one step of in_; says whether anything moved.
  Result<bool> Step();

  http::BodyPtr source_;
  std::unique_ptr<http::ContentDecoder> decoder_;
  RewriterPtr rewriter_;
  std::string_view in_;  // What is left of the source's last piece.
  std::string decoded_;
  std::string out_;
  bool is_source_done_ = false;
  bool is_done_ = false;
};

}  // namespace berth::rewrite
