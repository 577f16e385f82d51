// H2Options: what distinguishes an HTTP/2 session in a tunnel from one with a browser.
//
// All numbers come from the carrier and from Limits; the fields that are 0 here may be set to
// override one of them (tests do).
#pragma once

#include <cstdint>
#include <string>

#include "base/event.h"
#include "base/limits.h"
#include "net/byte_stream.h"

namespace berth::http {

/// What carries the session's bytes, and so how far the peer is trusted with resources.
enum class H2Carrier {
  kBrowser,  ///< TLS from anywhere: small windows, tight budgets, stalled uploads are ended.
  kTunnel,   ///< An authenticated peer that carries many users' streams.
};

struct H2Options {
  H2Carrier carrier = H2Carrier::kBrowser;
  /// ServeH2 and H2Client only: set it to finish gracefully. Null: never. Must outlive the call.
  Event* drain = nullptr;
  /// What Request::peer says. ServeH2 takes it from its stream.
  net::Peer peer = {};
  /// Replaces the :scheme of requests, "" keeps it. ServeH2 sets it from the connection.
  std::string scheme = {};

  std::uint32_t max_streams = 0;        ///< Concurrent streams that the peer may open.
  std::uint32_t stream_window = 0;      ///< Bytes received and not yet read, per stream.
  std::uint32_t connection_window = 0;  ///< The same for all streams together.
  std::uint32_t frame_bytes = 0;        ///< Payload of the largest frame that the peer may send.
  std::uint64_t head_bytes = 0;         ///< Decoded bytes of a head (RFC 9113, section 6.5.2).
  std::uint64_t sent_head_bytes = 0;    ///< The same of a head of ours; a larger one is not sent.
  std::uint64_t head_fields = 0;        ///< Fields of a head.
  /// Bytes of the table of header fields seen before (RFC 7541, section 4), of each direction. Made
  /// as it fills.
  std::uint32_t field_table = 0;
};

/// `options` with every 0 replaced by the carrier's number.
H2Options WithDefaults(H2Options options, const Limits& limits);

}  // namespace berth::http
