// Masking of WebSocket payload (RFC 6455, section 5.3), and a buffer that masks what is copied into
// it, so that what an agent sends is gone over once and not twice.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "net/byte_stream.h"

namespace berth::http {

using MaskKey = std::array<std::byte, 4>;

/// A mask from OpenSSL's generator, drawn in batches per thread.
MaskKey RandomMaskKey();

/// data[i] ^= key[(phase + i) % 4], a word at a time.
void ApplyMask(net::MutableBytes data, const MaskKey& key, std::size_t phase = 0);

/// The payload of one frame, appended to a string that has other things before it. With a key, it
/// is masked as it is copied. Refers to the string; keeps a copy of the key.
class PayloadWriter {
 public:
  /// The payload begins where `out` ends now. `out` must outlive the writer, and nobody else
  /// changes it meanwhile.
  explicit PayloadWriter(std::string& out, std::optional<MaskKey> key = std::nullopt)
      : out_(out), begin_(out.size()), key_(key) {}

  void Append(net::Bytes bytes);
  void Append(std::string_view text) { Append(net::AsBytes(text)); }
  /// Bytes appended so far.
  std::size_t size() const { return out_.size() - begin_; }

 private:
  std::string& out_;
  const std::size_t begin_;
  const std::optional<MaskKey> key_;
};

}  // namespace berth::http
