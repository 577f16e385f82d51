// Compression of responses on their way to a browser: which ones, and the body that does it.
//
// Compressed is what is text, whole (status 200, no range), of some size, and not coded yet. Left
// alone, byte for byte: event streams (each event must leave at once), downloads that the user
// saves (their length shows how far they are), what says `no-transform`, and what carries a digest
// of its bytes. A response that could have been compressed carries `Vary: accept-encoding` whether
// it was or not. A compressed one has no length, no ranges, and a weak entity tag, because it is
// not byte for byte what the instance named: "abc" becomes W/"abc~berth", which RestoreEtags turns
// back when the browser says it.
//
// Whether compressing is wise at all, for this request, is for the caller to say. Lives on one
// loop; must outlive the bodies it made.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/limits.h"
#include "http/content_coding.h"
#include "http/message.h"

namespace berth::http {

/// Whether bodies of this Content-Type get smaller: text, JSON, scripts, XML, WebAssembly, and
/// fonts and images that are not compressed in themselves.
bool IsCompressible(std::string_view content_type);

/// What of a request decides; made before the request moves on.
struct CompressionAsk {
  Coding coding = Coding::kIdentity;  ///< From ChooseCoding; kIdentity: do not compress.
  bool is_range = false;              ///< It asks for a part.

  static CompressionAsk Of(const RequestHead& head);
};

/// Turns the tags of If-Match and If-None-Match that a Compressor made back into the instance's
/// own. If-Match is true of strong ones only (RFC 9110, section 13.1.1); one that is weak at the
/// instance stays as it is, for those who compare the text.
void RestoreEtags(Fields& request);

class Compressor {
 public:
  /// `limits` must outlive it: limits.compressions bounds the bodies under way at once.
  explicit Compressor(const Limits& limits) : limits_(limits) {}
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  /// Changes head and body of a final response where they may be compressed. Of a HEAD request's
  /// response (no body) the head says what that of a GET would.
  void Apply(const CompressionAsk& ask, std::string_view method, Response& response);

  std::size_t under_way() const { return under_way_; }

 private:
  const Limits& limits_;
  std::size_t under_way_ = 0;
};

}  // namespace berth::http
