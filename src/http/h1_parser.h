// The HTTP/1.1 head parser, for requests from outside and for responses of instances: strict,
// because what two parsers read differently is how requests are smuggled (RFC 9112, section 11.2).
//
// Two steps. HeadScanner finds the end of a head in a growing buffer, looks at every byte once
// however the bytes arrive, and refuses what is too large as soon as it is. ParseRequestHead and
// ParseResponseHead then read the complete head in place; nothing is allocated before that. The
// outcome does not depend on how the bytes were cut into reads.
//
// What is refused on purpose although RFC 9112 allows recovery: bare LF, empty lines before the
// request line, obs-fold, repeated or listed Content-Length, any Transfer-Encoding but `chunked`,
// more than 32 elements in Connection, HTTP/1.0 without Host, and `Upgrade` to anything but
// WebSocket (501; h2c is not wanted here). CONNECT and TRACE get 501 rather than 405: no resource
// of this server has them, and 405 would owe the browser an Allow list per resource. Everything
// here is a pure function or a plain value.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "http/message.h"

namespace berth::http {

/// Why a head is refused, and the status that says so: 400, 413, 414, 417, 431 or 501.
struct H1Refusal {
  int status = 400;
  std::string_view reason;  ///< A literal, lower case, for the log.
};

/// How the end of a message body is found (RFC 9112, section 6.3).
struct BodyFraming {
  enum class Kind {
    kNone,        ///< No body.
    kLength,      ///< Exactly `length` bytes; `length` may be 0.
    kChunked,     ///< The chunked coding.
    kUntilClose,  ///< Everything up to the end of the connection (responses, upgraded exchanges).
  };
  Kind kind = Kind::kNone;
  std::uint64_t length = 0;

  friend bool operator==(const BodyFraming&, const BodyFraming&) = default;
};

/// Finds the end of one head. Feed it the buffer each time it grew.
class HeadScanner {
 public:
  enum class Kind { kRequest, kResponse };
  explicit HeadScanner(Kind kind, const Limits& limits) : kind_(kind), limits_(limits) {}

  /// `text` is everything that arrived of the head so far: it begins with the bytes of the call
  /// before, and may run on beyond the head. Returns the size of the head with its final empty
  /// line, or 0 while it is incomplete.
  std::expected<std::size_t, H1Refusal> Scan(std::string_view text);

  /// Begins a new head.
  void Reset() { scanned_ = line_start_ = lines_ = 0; }

 private:
  H1Refusal TooLong() const;

  Kind kind_;
  const Limits& limits_;
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
  std::size_t lines_ = 0;
};

/// A request head and what its hop needs to know.
struct H1Request {
  /// `scheme` is left empty. Host, Transfer-Encoding and Expect are not among the fields. With
  /// `protocol` "websocket" neither are Upgrade, Connection and what it names, nor the
  /// Sec-WebSocket-Key and -Version.
  RequestHead head;
  BodyFraming framing;  ///< kUntilClose for an upgrade.
  bool is_http11 = true;
  bool keep_alive = true;         ///< What the browser asked for.
  bool expects_continue = false;  ///< Only with HTTP/1.1 and a body.
  std::string websocket_key;      ///< Checked; empty unless it is an upgrade.
};

/// Parses a complete head, as HeadScanner measured it.
std::expected<H1Request, H1Refusal> ParseRequestHead(std::string_view text, const Limits& limits);

/// A response head and what its hop needs to know.
struct H1Response {
  ResponseHead head;    ///< Without Transfer-Encoding.
  BodyFraming framing;  ///< kUntilClose for 101.
  bool is_http11 = true;
  bool keep_alive = true;  ///< The connection may carry another exchange after this one.
};

/// Parses a complete response head; `request_method` decides with the status whether a body follows
/// (HEAD has none). The refusal's status means nothing here.
std::expected<H1Response, H1Refusal> ParseResponseHead(std::string_view text,
                                                       std::string_view request_method,
                                                       const Limits& limits);

}  // namespace berth::http
