// The writing side of HTTP/1.1: the text of heads, and MessageWriter, which sends a head and a body
// with as few writes as the body's pace allows and never holds back what it has.
#pragma once

#include <string>

#include "http/h1_parser.h"
#include "http/message.h"

namespace berth::http {

/// How the connection goes on after a response.
enum class Persistence {
  kDefault,    ///< As the version has it: nothing is said.
  kKeepAlive,  ///< An HTTP/1.0 browser asked for it.
  kClose,
};

/// How a response body is framed for a browser, by RFC 9112, section 6.3: nothing for HEAD, 204 and
/// 304, a length where it is known, else chunks, or the end of the connection for HTTP/1.0.
BodyFraming ResponseBodyFraming(const Response& response, std::string_view request_method,
                                bool is_http11);

/// Appends the head of a final response: status line, fields of `head` without those of framing and
/// connection, our own framing, Date if there is none. Content-Length of `head` stays for HEAD and
/// 304, where no body can contradict it. Fields that would break the head (CR, LF, NUL) are
/// dropped.
void AppendResponseHead(std::string& out, const ResponseHead& head, BodyFraming framing,
                        std::string_view request_method, Persistence persistence);
/// Appends an interim response.
void AppendInterimHead(std::string& out, const ResponseHead& head);
/// Appends the 101 that accepts a WebSocket.
void AppendUpgradeHead(std::string& out, const ResponseHead& head, std::string_view accept);
/// Appends a complete bare response that ends the connection.
void AppendBareResponse(std::string& out, int status, std::string_view request_method);

/// Appends a request head. `websocket_key` is used if `head` is an upgrade. kInvalid: method,
/// target or authority cannot be written (nothing is appended).
Result<void> AppendRequestHead(std::string& out, const RequestHead& head, BodyFraming framing,
                               std::string_view websocket_key);

/// Writes to one stream, through one buffer. One call at a time. Lives on one loop.
class MessageWriter {
 public:
  /// `stream` must outlive the writer.
  explicit MessageWriter(net::ByteStream& stream) : stream_(stream) {}

  /// Text that the next write begins with.
  std::string& buffer() { return buffer_; }

  /// Writes the buffer. kUnavailable or kTimeout: the stream is broken.
  Task<Result<void>> Flush();

  /// Writes the buffer and then `body`, framed, to its end. Null is an empty body. Pieces that are
  /// at hand at once leave in one write; whenever the body makes us wait, all that is there is
  /// written first. A body that is shorter or longer than its length is kInvalid. Where the body
  /// fails, what it gave last may still be in the buffer.
  Task<Result<void>> SendBody(Body* body, BodyFraming framing);

  /// Whether SendBody failed because of the body, not of the stream.
  bool body_failed() const { return body_failed_; }

  /// Lets go of a large buffer.
  void Trim();

 private:
  Task<Result<void>> WritePiece(Bytes piece, std::string_view end);

  net::ByteStream& stream_;
  std::string buffer_;
  bool body_failed_ = false;
};

}  // namespace berth::http
