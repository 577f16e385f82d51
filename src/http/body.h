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
#include <string_view>

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

/// A body of bytes that others read too. Each piece is copied when it is asked for, because its
/// reader may change it: what nobody reads takes no memory.
class SharedBody : public Body {
 public:
  /// The size of pieces where anybody at all may ask for the body, on many streams at once, and
  /// leave it there: each stream holds a piece. Those who send gather small ones.
  static constexpr std::size_t kSmallPiece = 4 * 1024;

  /// `bytes` live as long as `holder` does; as long as the process where that is null.
  explicit SharedBody(std::string_view bytes, std::size_t most_of_piece = kSmallPiece,
                      std::shared_ptr<const void> holder = nullptr)
      : rest_(bytes), size_(bytes.size()), most_(most_of_piece), holder_(std::move(holder)) {}
  Task<Result<MutableBytes>> Read() override;
  std::optional<std::uint64_t> length() const override { return size_; }

 private:
  std::string_view rest_;
  std::uint64_t size_;
  std::size_t most_;
  std::shared_ptr<const void> holder_;
  std::string piece_;
};

/// Reads `body` to its end into one string; null is empty. kTooLarge beyond `limit` bytes.
Task<Result<std::string>> ReadAll(Body* body, std::size_t limit);

}  // namespace berth::http
