#include "http/h1_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "http/chunked.h"
#include "http/date.h"
#include "http/grammar.h"

namespace berth::http {
namespace {

using Kind = BodyFraming::Kind;

// Pieces up to this size are copied behind what waits to be written; larger ones are written from
// where they lie.
constexpr std::size_t kCopied = 8 * 1024;
// The buffer is written when it has grown to this, even if more is at hand.
constexpr std::size_t kFullBuffer = 64 * 1024;

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";  // RFC 9112, section 4: it may be empty, and nobody reads it.
  }
}

/// Appends all parts at once: a head is hundreds of small ones, most of them a literal's few bytes,
/// whose size is known where they are copied.
template <class... Parts>
void AppendParts(std::string& out, const Parts&... parts) {
  const auto view = [](const auto& part) { return std::string_view(part); };
  const std::size_t end = out.size() + (view(parts).size() + ...);
  if (out.capacity() < end) out.reserve(std::max(end + 512, 2 * out.capacity()));
  out.resize_and_overwrite(end, [&, at = out.size()](char* text, std::size_t size) {
    char* to = text + at;
    const auto copy = [&to](std::string_view part) {
      if (!part.empty()) std::memcpy(to, part.data(), part.size());
      to += part.size();
    };
    (copy(view(parts)), ...);
    return size;
  });
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  AppendParts(out, name, ": ", value, "\r\n");
}

/// The decimal digits of a number.
struct Digits {
  explicit Digits(std::uint64_t number)
      : end(std::to_chars(text.data(), text.data() + text.size(), number).ptr) {}
  std::string_view view() const { return {text.data(), end}; }

  std::array<char, 20> text;
  const char* end;
};

void AppendStatusLine(std::string& out, int status) {
  const Digits digits(static_cast<std::uint64_t>(status));
  AppendParts(out, "HTTP/1.1 ", digits.view(), " ", ReasonPhrase(status), "\r\n");
}

void AppendLength(std::string& out, std::uint64_t length) {
  AppendField(out, "content-length", Digits(length).view());
}

/// The fields that this hop makes itself.
bool IsOfThisHop(std::string_view name) {
  switch (name.size()) {
    case 7:
      return name == "upgrade";
    case 10:
      return name == "connection" || name == "keep-alive";
    case 14:
      return name == "content-length";
    case 16:
      return name == "proxy-connection";
    case 17:
      return name == "transfer-encoding";
    default:
      return false;
  }
}

bool IsOfThisHandshake(std::string_view name) {
  return name == "sec-websocket-key" || name == "sec-websocket-version" ||
         name == "sec-websocket-accept";
}

bool IsWritable(const Fields::Field& field) {
  return IsToken(field.name) && IsFieldValue(field.value);
}

bool HasNoBody(int status, std::string_view request_method) {
  return status < 200 || status == 204 || status == 304 || request_method == "HEAD";
}

}  // namespace

BodyFraming ResponseBodyFraming(const Response& response, std::string_view request_method,
                                bool is_http11) {
  if (HasNoBody(response.head.status, request_method)) return {};
  if (!response.body) return {.kind = Kind::kLength, .length = 0};
  if (const auto length = response.body->length()) {
    return {.kind = Kind::kLength, .length = *length};
  }
  return {.kind = is_http11 ? Kind::kChunked : Kind::kUntilClose};
}

void AppendResponseHead(std::string& out, const ResponseHead& head, BodyFraming framing,
                        std::string_view request_method, Persistence persistence) {
  AppendStatusLine(out, head.status);
  const bool keeps_length = head.status == 304 || (request_method == "HEAD" && head.status != 204);
  bool has_date = false;
  bool has_length = false;
  for (const auto& field : head.fields) {
    if (field.name == "content-length" && keeps_length && !has_length) {
      has_length = true;
    } else if (IsOfThisHop(field.name)) {
      continue;
    }
    if (!IsWritable(field)) continue;
    if (field.name == "date") has_date = true;
    AppendField(out, field.name, field.value);
  }
  if (!has_date) AppendField(out, "date", HttpDateNow());
  if (framing.kind == Kind::kLength) AppendLength(out, framing.length);
  if (framing.kind == Kind::kChunked) AppendField(out, "transfer-encoding", "chunked");
  if (persistence == Persistence::kClose) AppendField(out, "connection", "close");
  if (persistence == Persistence::kKeepAlive) AppendField(out, "connection", "keep-alive");
  out += "\r\n";
}

void AppendInterimHead(std::string& out, const ResponseHead& head) {
  AppendStatusLine(out, head.status);
  for (const auto& field : head.fields) {
    if (!IsOfThisHop(field.name) && IsWritable(field)) AppendField(out, field.name, field.value);
  }
  out += "\r\n";
}

void AppendUpgradeHead(std::string& out, const ResponseHead& head, std::string_view accept) {
  AppendStatusLine(out, 101);
  AppendField(out, "upgrade", "websocket");
  AppendField(out, "connection", "Upgrade");
  AppendField(out, "sec-websocket-accept", accept);
  for (const auto& field : head.fields) {
    if (IsOfThisHop(field.name) || IsOfThisHandshake(field.name) || !IsWritable(field)) continue;
    AppendField(out, field.name, field.value);
  }
  out += "\r\n";
}

void AppendBareResponse(std::string& out, int status, std::string_view request_method) {
  const std::string_view reason = ReasonPhrase(status);
  const bool has_body = !HasNoBody(status, request_method);
  AppendStatusLine(out, status);
  AppendField(out, "date", HttpDateNow());
  AppendField(out, "cache-control", "no-store");
  AppendField(out, "content-type", "text/plain");
  AppendLength(out, reason.empty() ? 0 : reason.size() + 1);
  AppendField(out, "connection", "close");
  out += "\r\n";
  if (has_body && !reason.empty()) out.append(reason).append("\n");
}

Result<void> AppendRequestHead(std::string& out, const RequestHead& head, BodyFraming framing,
                               std::string_view websocket_key) {
  const bool is_star = head.target == "*" && head.method == "OPTIONS";
  if (!IsToken(head.method)) return Invalid("the method is not a token");
  if (!is_star && !IsOriginForm(head.target)) return Invalid("the target is not a path");
  if (!IsAuthority(head.authority)) return Invalid("the authority is not one");
  out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
  AppendField(out, "host", head.authority);
  for (const auto& field : head.fields) {
    if (IsOfThisHop(field.name) || field.name == "host" || field.name == "expect") continue;
    if (head.is_upgrade() && IsOfThisHandshake(field.name)) continue;
    if (!IsWritable(field)) continue;
    AppendField(out, field.name, field.value);
  }
  if (head.is_upgrade()) {
    AppendField(out, "upgrade", "websocket");
    AppendField(out, "connection", "Upgrade");
    AppendField(out, "sec-websocket-key", websocket_key);
    AppendField(out, "sec-websocket-version", "13");
  } else if (framing.kind == Kind::kLength) {
    AppendLength(out, framing.length);
  } else if (framing.kind == Kind::kChunked) {
    AppendField(out, "transfer-encoding", "chunked");
  }
  out += "\r\n";
  return Ok();
}

Task<Result<void>> MessageWriter::Flush() {
  if (buffer_.empty()) co_return Ok();
  const Bytes piece = net::AsBytes(buffer_);
  auto written = co_await stream_.Write(std::span(&piece, 1));
  buffer_.clear();
  co_return written;
}

Task<Result<void>> MessageWriter::WritePiece(Bytes piece, std::string_view end) {
  const std::array<Bytes, 3> pieces = {net::AsBytes(buffer_), piece, net::AsBytes(end)};
  const std::size_t first = buffer_.empty() ? 1 : 0;
  const std::size_t last = end.empty() ? 2 : 3;
  auto written = co_await stream_.Write(std::span(pieces).subspan(first, last - first));
  buffer_.clear();
  co_return written;
}

Task<Result<void>> MessageWriter::SendBody(Body* body, BodyFraming framing) {
  body_failed_ = false;
  const bool is_chunked = framing.kind == Kind::kChunked;
  const bool has_length = framing.kind == Kind::kLength;
  std::uint64_t sent = 0;
  while (body != nullptr && framing.kind != Kind::kNone) {
    auto reading = body->Read();
    reading.Start();
    if (!reading.is_done() || buffer_.size() >= kFullBuffer) {
      auto flushed = co_await Flush();
      if (!flushed) co_return flushed;
    }
    auto piece = co_await reading;
    if (!piece) {
      body_failed_ = true;
      co_return std::move(piece).error();
    }
    if (piece->empty()) break;
    sent += piece->size();
    if (has_length && sent > framing.length) {
      body_failed_ = true;
      co_return Invalid("body longer than its length");
    }
    if (is_chunked) AppendChunkStart(buffer_, piece->size());
    const std::string_view end = is_chunked ? kChunkEnd : std::string_view();
    if (piece->size() <= kCopied) {
      buffer_.append(net::AsText(*piece)).append(end);
      continue;
    }
    auto written = co_await WritePiece(*piece, end);
    if (!written) co_return written;
  }
  if (has_length && sent < framing.length) {
    body_failed_ = true;
    co_return Invalid("body shorter than its length");
  }
  if (is_chunked) buffer_ += kLastChunk;
  co_return co_await Flush();
}

void MessageWriter::Trim() {
  if (buffer_.capacity() > 16 * 1024) std::string().swap(buffer_);
}

}  // namespace berth::http
