// Rewriter: text goes in piece by piece, rewritten text comes out.
//
// The push-style core of every content type. Where the pieces are cut makes no difference to what
// comes out, memory is bounded whatever goes in, and nothing can fail: what a rewriter does not
// understand passes unchanged. Not thread-safe; knows nothing of sockets or coroutines.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace berth::rewrite {

class Rewriter {
 public:
  virtual ~Rewriter() = default;
  /// Takes the next piece, appends what is ready to `out`.
  virtual void Feed(std::string_view in, std::string& out) = 0;
  /// The input has ended: appends what was held back. Call once, last.
  virtual void Finish(std::string& out) = 0;
};
using RewriterPtr = std::unique_ptr<Rewriter>;

}  // namespace berth::rewrite
