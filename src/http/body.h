// Body: a stream of bytes that is pulled, piece by piece, by whoever wants them.
//
// Pulling is the backpressure: a reader that stops reading stops the sender, all the way back to
// the origin, and nothing is ever buffered whole. Asking for the next piece also says that the
// previous one has been used (written on), which is when its sender is credited. Destroying a Body
// before its end cancels the exchange it belongs to, at the other end too.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/pool.h"
#include "base/result.h"
#include "base/task.h"
#include "net/byte_stream.h"

namespace berth::http {

using net::Bytes;
using net::MutableBytes;

class Body : public Pooled {  // A request has several.
 public:
  virtual ~Body() = default;

  /// The next piece, not empty, valid until the next Read or the body's end; the reader may change
  /// it in place. Empty: the end, for good. An error is final: kUnavailable (the sender went away),
  /// kInvalid (broken framing), kTooLarge, kTimeout. One Read at a time; a dropped Read may be
  /// repeated and loses nothing.
  virtual Task<Result<MutableBytes>> Read() = 0;

  /// Cancels the exchange it belongs to, as destroying it does, but while its reader may still hold
  /// the last piece, which stays valid. Nothing but destroying it may follow. Does nothing where
  /// nothing is under way for it.
  virtual void Cut() {}

  /// How many bytes there are in all, where that is known before reading (Content-Length).
  virtual std::optional<std::uint64_t> length() const { return std::nullopt; }
};
using BodyPtr = std::unique_ptr<Body>;  ///< Null means: no body.

/// A body held in memory.
class TextBody : public Body {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)), size_(text_.size()) {}
  Task<Result<MutableBytes>> Read() override;
  std::optional<std::uint64_t> length() const override { return size_; }

 private:
  std::string text_;
  std::uint64_t size_;
  bool done_ = false;
};

/// Reads `body` to its end into one string; null is empty. kTooLarge beyond `limit` bytes.
Task<Result<std::string>> ReadAll(Body* body, std::size_t limit);

}  // namespace berth::http
