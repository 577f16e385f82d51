// Content codings on their way out: gzip, br and zstd, encoded piece by piece.
//
// Levels are those where a further byte saved would cost the hub more time than it saves a browser;
// windows are small enough that an encoder holds at most about 4 MiB. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/content_coding.h"

namespace berth::http {

class ContentEncoder {
 public:
  /// What follows the input of a call.
  enum class Then {
    kMore,   ///< More at once: output may be held back for a better result.
    kPause,  ///< More, some time: all that was put in comes out.
    kEnd,    ///< Nothing: the coding is ended.
  };

  virtual ~ContentEncoder() = default;

  /// Takes all of `in` and appends what comes of it to `out`, which may be nothing. Nothing may
  /// follow kEnd. kInternal: out of memory, final.
  virtual Result<void> Encode(std::string_view in, Then then, std::string& out) = 0;

  /// `length`: of the whole input where it is known, to choose buffers by; Encode must then be
  /// given exactly that much. REQUIRES: not kIdentity.
  static std::unique_ptr<ContentEncoder> Create(Coding coding, std::optional<std::uint64_t> length);
};

}  // namespace berth::http
