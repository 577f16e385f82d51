// Content codings on their way in: gzip, deflate, br and zstd, decoded piece by piece.
//
// Output is produced in steps of at most kDecodeStep bytes, so a small input that expands without
// end costs its reader nothing but the steps it asks for. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::http {

inline constexpr std::size_t kDecodeStep = 32 * 1024;

class ContentDecoder {
 public:
  virtual ~ContentDecoder() = default;

  /// Decodes some of `in`, which shrinks by what was used, and appends at most kDecodeStep bytes to
  /// `out`. Call again while `in` is not empty or `out` grew. kInvalid: broken input, final.
  virtual Result<void> Decode(std::string_view& in, std::string& out) = 0;
  /// The input has ended: kInvalid if the coding had not.
  virtual Result<void> Finish() = 0;

  /// The decoder of a Content-Encoding value: one coding, in any case; "" and "identity" too. Null:
  /// not one of ours, or several.
  static std::unique_ptr<ContentDecoder> Create(std::string_view content_encoding);
};

}  // namespace berth::http
