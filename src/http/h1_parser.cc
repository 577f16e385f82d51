#include "http/h1_parser.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "http/grammar.h"
#include "http/header_rules.h"
#include "http/list.h"
#include "http/websocket_handshake.h"

namespace berth::http {
namespace {

using Unexpected = std::unexpected<H1Refusal>;

// What a request line holds besides its target: method, two spaces, version, CR.
constexpr std::size_t kMaxRequestLineRest = kMaxMethod + 2 + 8 + 1;
// Bytes of a status line, reason included.
constexpr std::size_t kMaxStatusLine = 1024;

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

Unexpected Refuse(int status, std::string_view reason) { return Unexpected({status, reason}); }

/// Takes the next line, without its CRLF, off `text`. REQUIRES: HeadScanner measured `text`.
std::string_view TakeLine(std::string_view& text) {
  const auto* end = static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
  const auto size = static_cast<std::size_t>(end - text.data());
  const std::string_view line = text.substr(0, size - 1);
  text.remove_prefix(size + 1);
  return line;
}

/// What a hop learns from the fields of either kind of head.
struct HopFields {
  std::string_view host;
  std::string_view expect;
  std::string_view upgrade;
  std::string_view key;
  std::string_view key_version;
  std::uint64_t length = 0;
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
  int expects = 0;
  int upgrades = 0;
  int keys = 0;
  int key_versions = 0;
  int connection_elements = 0;
  bool is_chunked = false;
  bool says_close = false;
  bool says_keep_alive = false;
  bool says_upgrade = false;
};

std::expected<std::uint64_t, H1Refusal> ParseLength(std::string_view value) {
  if (value.empty() || !std::ranges::all_of(value, IsDigit)) {
    return Refuse(400, "content-length is not a number");
  }
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  std::uint64_t length = 0;
  for (const char c : value) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (kMax - digit) / 10) return Refuse(413, "content-length is beyond 2^63");
    length = length * 10 + digit;
  }
  return length;
}

/// Returns whether there are not too many elements.
bool ReadConnection(std::string_view value, HopFields& hop) {
  for (const std::string_view token : ListMembers(value)) {
    if (++hop.connection_elements > kMostConnectionElements) return false;
    if (EqualsIgnoreCase(token, "close")) hop.says_close = true;
    if (EqualsIgnoreCase(token, "keep-alive")) hop.says_keep_alive = true;
    if (EqualsIgnoreCase(token, "upgrade")) hop.says_upgrade = true;
  }
  return true;
}

/// Notes a field that matters to the hop. Returns whether it stays among the fields.
std::expected<bool, H1Refusal> NoteField(std::string_view name, std::string_view value,
                                         HeadScanner::Kind kind, HopFields& hop) {
  const bool is_request = kind == HeadScanner::Kind::kRequest;
  const auto is = [&](std::string_view wanted) { return EqualsIgnoreCase(name, wanted); };
  switch (name.size()) {
    case 4:
      if (!is_request || !is("host")) return true;
      if (++hop.hosts > 1) return Refuse(400, "more than one host");
      hop.host = value;
      return false;
    case 6:
      if (!is_request || !is("expect")) return true;
      ++hop.expects;
      hop.expect = value;
      return false;
    case 7:
      if (!is("upgrade")) return true;
      ++hop.upgrades;
      hop.upgrade = value;
      return true;
    case 10:
      if (is("connection") && !ReadConnection(value, hop)) {
        return Refuse(400, "too many elements in connection");
      }
      return true;
    case 14: {
      if (!is("content-length")) return true;
      if (++hop.lengths > 1) return Refuse(400, "more than one content-length");
      const auto length = ParseLength(value);
      if (!length) return Unexpected(length.error());
      hop.length = *length;
      return true;
    }
    case 17:
      if (is("sec-websocket-key")) {
        ++hop.keys;
        hop.key = value;
      }
      if (!is("transfer-encoding")) return true;
      if (++hop.codings > 1) return Refuse(400, "more than one transfer-encoding");
      hop.is_chunked = is_request ? value == "chunked" : EqualsIgnoreCase(value, "chunked");
      if (!hop.is_chunked) return Refuse(501, "transfer-encoding is not chunked");
      return false;
    case 21:
      if (!is("sec-websocket-version")) return true;
      ++hop.key_versions;
      hop.key_version = value;
      return true;
    default:
      return true;
  }
}

/// Reads the field lines of `text` up to the empty line into `fields` and `hop`.
std::expected<void, H1Refusal> ParseFields(std::string_view text, HeadScanner::Kind kind,
                                           Fields& fields, HopFields& hop) {
  fields.Reserve(text.size() + 64, 24);
  for (;;) {
    const std::string_view line = TakeLine(text);
    if (line.empty()) return {};
    const std::size_t colon = TokenLength(line);
    if (colon == 0 || colon == line.size() || line[colon] != ':') {
      return Refuse(400, line.find(':') == std::string_view::npos ? "a field line without a colon"
                                                                  : "a field name is not a token");
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view raw_value = line.substr(colon + 1);
    if (!IsFieldValue(raw_value)) return Refuse(400, "control bytes in a field value");
    const std::string_view value = TrimOws(raw_value);
    const auto stays = NoteField(name, value, kind, hop);
    if (!stays) return Unexpected(stays.error());
    if (*stays) fields.Add(name, value);
  }
}

struct RequestLine {
  std::string_view method;
  std::string_view target;
  bool is_http11 = true;
};

std::expected<RequestLine, H1Refusal> ParseRequestLine(std::string_view line,
                                                       const Limits& limits) {
  RequestLine parsed;
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return Refuse(400, "a request line without spaces");
  parsed.method = line.substr(0, first);
  if (!IsToken(parsed.method)) return Refuse(400, "the method is not a token");
  line.remove_prefix(first + 1);
  const std::size_t second = line.find(' ');
  if (second == std::string_view::npos) return Refuse(400, "a request line without a version");
  parsed.target = line.substr(0, second);
  const std::string_view version = line.substr(second + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return Refuse(400, "not HTTP/1.1 or 1.0");
  parsed.is_http11 = version == "HTTP/1.1";
  if (parsed.target.size() > limits.request_target) return Refuse(414, "the target is too long");
  if (parsed.target.empty() || !AreTargetBytes(parsed.target)) {
    return Refuse(400, "bytes that a target must not hold");
  }
  if (parsed.method.size() > kMaxMethod || parsed.method == "CONNECT" || parsed.method == "TRACE") {
    return Refuse(501, "a method that is not served");
  }
  return parsed;
}

/// The origin-form of `target`, whichever form it has, or "*".
std::expected<std::string_view, H1Refusal> NormalizeTarget(const RequestLine& line,
                                                           std::string_view host) {
  std::string_view target = line.target;
  if (target == "*") {
    if (line.method != "OPTIONS") return Refuse(400, "the target * is for OPTIONS only");
    return target;
  }
  if (target.front() != '/') {
    const std::size_t colon = target.find("://");
    if (colon == target.npos) return Refuse(400, "the target is neither a path nor a URL");
    const std::string_view scheme = target.substr(0, colon);
    if (!EqualsIgnoreCase(scheme, "http") && !EqualsIgnoreCase(scheme, "https")) {
      return Refuse(400, "the target is neither a path nor an http URL");
    }
    target.remove_prefix(colon + 3);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    if (!EqualsIgnoreCase(target.substr(0, end), host)) {
      return Refuse(400, "the target and host differ");
    }
    target.remove_prefix(end);
    if (target.empty()) return line.method == "OPTIONS" ? "*" : "/";
  }
  if (!IsOriginForm(target)) return Refuse(400, "the target is not a path");
  return target;
}

std::expected<BodyFraming, H1Refusal> RequestFraming(const HopFields& hop, bool is_http11) {
  if (hop.is_chunked) {
    if (!is_http11) return Refuse(400, "transfer-encoding in HTTP/1.0");
    if (hop.lengths != 0) return Refuse(400, "transfer-encoding and content-length");
    return BodyFraming{.kind = BodyFraming::Kind::kChunked};
  }
  if (hop.lengths == 0) return BodyFraming{};
  return BodyFraming{.kind = BodyFraming::Kind::kLength, .length = hop.length};
}

/// Checks the opening handshake and takes its own fields out of `request`.
std::expected<void, H1Refusal> ApplyUpgrade(const HopFields& hop, H1Request& request) {
  if (hop.upgrades > 1 || !EqualsIgnoreCase(hop.upgrade, "websocket")) {
    return Refuse(501, "an upgrade to something other than websocket");
  }
  if (!request.is_http11 || !hop.says_upgrade) return Refuse(400, "upgrade without connection");
  if (request.head.method != "GET") return Refuse(400, "a websocket that is not a GET");
  if (hop.is_chunked || hop.length != 0) return Refuse(400, "a websocket with a body");
  if (hop.keys != 1 || !IsWebSocketKey(hop.key)) return Refuse(400, "a bad sec-websocket-key");
  if (hop.key_versions != 1 || hop.key_version != "13") {
    return Refuse(400, "a sec-websocket-version other than 13");
  }
  request.websocket_key = hop.key;
  request.head.protocol = "websocket";
  request.framing = {.kind = BodyFraming::Kind::kUntilClose};
  request.expects_continue = false;
  request.keep_alive = false;
  request.head.fields.RemoveIf([](const Fields::Field& field) {
    return field.name == "content-length" || field.name == "sec-websocket-key" ||
           field.name == "sec-websocket-version";
  });
  return {};
}

}  // namespace

H1Refusal HeadScanner::TooLong() const {
  if (lines_ > 0) return {431, "the head is too large"};
  if (kind_ == Kind::kRequest) return {414, "the request line is too long"};
  return {431, "the status line is too long"};
}

std::expected<std::size_t, H1Refusal> HeadScanner::Scan(std::string_view text) {
  if (text.empty()) return 0;
  if (scanned_ == 0 && TokenLength(text.substr(0, 1)) == 0) return Refuse(400, "no head begins so");
  const std::size_t first_line_limit =
      kind_ == Kind::kRequest ? limits_.request_target + kMaxRequestLineRest : kMaxStatusLine;
  for (;;) {
    // No LF may be at or beyond this offset.
    const std::size_t bound = lines_ == 0
                                  ? std::min<std::size_t>(first_line_limit, limits_.request_head)
                                  : limits_.request_head;
    const std::size_t end = std::min(text.size(), bound);
    const void* found =
        end > scanned_ ? std::memchr(text.data() + scanned_, '\n', end - scanned_) : nullptr;
    if (found == nullptr) {
      if (text.size() >= bound) return Unexpected(TooLong());
      scanned_ = text.size();
      return 0;
    }
    const auto lf = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    if (lf == 0 || text[lf - 1] != '\r') return Refuse(400, "a line ends without CR");
    const bool is_empty = lf - 1 == line_start_;
    scanned_ = line_start_ = lf + 1;
    if (is_empty) return lf + 1;
    if (++lines_ > limits_.request_fields + 1) return Refuse(431, "too many fields");
  }
}

std::expected<H1Request, H1Refusal> ParseRequestHead(std::string_view text, const Limits& limits) {
  const auto line = ParseRequestLine(TakeLine(text), limits);
  if (!line) return Unexpected(line.error());
  H1Request request;
  HopFields hop;
  const auto fields = ParseFields(text, HeadScanner::Kind::kRequest, request.head.fields, hop);
  if (!fields) return Unexpected(fields.error());
  if (hop.hosts == 0) return Refuse(400, "no host");
  if (!IsAuthority(hop.host)) return Refuse(400, "host is not an authority");
  const auto target = NormalizeTarget(*line, hop.host);
  if (!target) return Unexpected(target.error());
  const auto framing = RequestFraming(hop, line->is_http11);
  if (!framing) return Unexpected(framing.error());

  request.head.method = line->method;
  request.head.authority = hop.host;
  request.head.target = *target;
  request.framing = *framing;
  request.is_http11 = line->is_http11;
  request.keep_alive = !hop.says_close && (line->is_http11 || hop.says_keep_alive);
  if (hop.expects != 0) {
    if (hop.expects > 1 || !EqualsIgnoreCase(hop.expect, "100-continue")) {
      return Refuse(417, "an expectation other than 100-continue");
    }
    request.expects_continue = line->is_http11 && *framing != BodyFraming{};
  }
  if (hop.upgrades != 0) {
    const auto upgrade = ApplyUpgrade(hop, request);
    if (!upgrade) return Unexpected(upgrade.error());
  }
  return request;
}

std::expected<H1Response, H1Refusal> ParseResponseHead(std::string_view text,
                                                       std::string_view request_method,
                                                       const Limits& /*limits*/) {
  const std::string_view line = TakeLine(text);
  // "HTTP/1.1 200" and, after one space, any reason.
  H1Response response;
  const std::string_view version = line.substr(0, 9);
  if (version != "HTTP/1.1 " && version != "HTTP/1.0 ") return Refuse(400, "not HTTP/1.1 or 1.0");
  response.is_http11 = version == "HTTP/1.1 ";
  const std::string_view code = line.substr(9, 3);
  if (code.size() != 3 || !std::ranges::all_of(code, IsDigit) || code[0] < '1' || code[0] > '5' ||
      (line.size() > 12 && line[12] != ' ') || !IsFieldValue(line)) {
    return Refuse(400, "a bad status line");
  }
  const int status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  response.head.status = status;

  HopFields hop;
  const auto fields = ParseFields(text, HeadScanner::Kind::kResponse, response.head.fields, hop);
  if (!fields) return Unexpected(fields.error());
  if (hop.is_chunked && (hop.lengths != 0 || !response.is_http11)) {
    return Refuse(400, "transfer-encoding where it cannot be");
  }

  using Kind = BodyFraming::Kind;
  if (status == 101) {
    response.framing = {.kind = Kind::kUntilClose};
  } else if (status < 200 || status == 204 || status == 304 || request_method == "HEAD") {
    response.framing = {};
  } else if (hop.is_chunked) {
    response.framing = {.kind = Kind::kChunked};
  } else if (hop.lengths != 0) {
    response.framing = {.kind = Kind::kLength, .length = hop.length};
  } else {
    response.framing = {.kind = Kind::kUntilClose};
  }
  response.keep_alive = response.framing.kind != Kind::kUntilClose && !hop.says_close &&
                        (response.is_http11 || hop.says_keep_alive);
  return response;
}

}  // namespace berth::http
