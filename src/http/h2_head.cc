#include "http/h2_head.h"

#include <algorithm>
#include <array>

#include "base/number.h"
#include "http/date.h"
#include "http/grammar.h"
#include "http/shared_asset.h"

namespace berth::http {
namespace {

// nghttp2 takes no longer name or value, and ends the connection over one.
constexpr std::size_t kLongestText = 64 * 1024;

bool IsTarget(std::string_view target, std::string_view method) {
  if (target == "*") return method == "OPTIONS";
  return IsOriginForm(target);
}

/// For each byte whether an authority may hold it.
constexpr auto kAuthorityBytes = [] {
  std::array<bool, 256> table{};
  for (int c = 0x21; c <= 0x7e; ++c) {
    table[static_cast<std::size_t>(c)] =
        std::string_view("@/\\?#\"<>^`{|}").find(static_cast<char>(c)) == std::string_view::npos;
  }
  return table;
}();

bool IsAuthorityText(std::string_view authority) {
  return !authority.empty() && std::ranges::all_of(authority, [](char c) {
    return kAuthorityBytes[static_cast<unsigned char>(c)];
  });
}

// Fields of one HTTP/1.1 connection, which nghttp2 would refuse or the peer must not see.
bool BelongsToConnection(std::string_view name) {
  switch (name.size()) {
    case 2:
      return name == "te";
    case 4:
      return name == "host";
    case 7:
      return name == "upgrade";
    case 10:
      return name == "connection" || name == "keep-alive";
    case 14:
      return name == "http2-settings";
    case 16:
      return name == "proxy-connection";
    case 17:
      return name == "transfer-encoding";
    default:
      return false;
  }
}

// Secrets stay out of the compression tables, where a whole value could be guessed (RFC 7541,
// section 7.1.3). Assertions are signed, so there is nothing to guess, and serve many streams: in
// the table, one costs two bytes from its second stream on. What a hub has of an asset is said once
// and would only push other fields out.
bool IsSensitive(std::string_view name) {
  switch (name.size()) {
    case 6:
      return name == "cookie";
    case 10:
      return name == "set-cookie";
    case kHeldField.size():
      return name == kHeldField;
    case 13:
      return name == "authorization";
    case 19:
      return name == "proxy-authorization";
    default:
      return false;
  }
}

// What nghttp2 demands of the fields that it sends for us, at a fraction of its cost: it looks at
// each byte by itself. Names are in lower case already.
bool IsSendable(std::string_view name, std::string_view value) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  if (!value.empty() && (is_space(value.front()) || is_space(value.back()))) return false;
  return IsToken(name) && IsFieldValue(value);
}

std::uint8_t* Unconst(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // nghttp2 copies it.
}

}  // namespace

void H2HeadReader::Add(std::string_view name, std::string_view value) {
  size_ += name.size() + value.size() + kH2FieldOverhead;
  if (size_ > max_bytes_ || request_.fields.size() > max_fields_) {
    is_too_large_ = true;
    return;
  }
  if (name.starts_with(':')) {
    if (name == ":method") request_.method = value;
    if (name == ":scheme") request_.scheme = value;
    if (name == ":authority") request_.authority = value;
    if (name == ":path") request_.target = value;
    if (name == ":protocol") request_.protocol = value;
    if (name == ":status") status_ = value;
  } else if (name == "cookie") {  // Split for compression (RFC 9113, section 8.2.3).
    if (!cookies_.empty()) cookies_ += "; ";
    cookies_ += value;
  } else {
    request_.fields.Add(name, value);
  }
}

void H2HeadReader::FinishFields() {
  if (!cookies_.empty()) request_.fields.Add("cookie", cookies_);
  request_.fields.Remove("te");
}

// As over HTTP/1.1, but for the key (RFC 8441, section 5), and without a length of 0 too: nghttp2
// would hold the messages to it. A hub has checked what it sends through a tunnel, and does not say
// it again.
bool H2HeadReader::IsWebSocket() const {
  if (carrier_ == H2Carrier::kTunnel) return true;
  return request_.fields.Count("sec-websocket-version") == 1 &&
         request_.fields.Find("sec-websocket-version") == "13" &&
         !request_.fields.Has("content-length");
}

int H2HeadReader::CheckRequest() const {
  if (is_too_large_ || request_.fields.size() > max_fields_) return 431;
  if (request_.target.size() > limits_.request_target) return 414;
  if (request_.method.size() > kMaxMethod) return 501;
  if (request_.method == "CONNECT") {
    if (request_.protocol.empty()) return 405;
    if (request_.protocol != "websocket") return 501;
    if (!IsWebSocket()) return 400;
  } else if (request_.method == "TRACE") {
    return 405;
  } else if (!request_.protocol.empty()) {
    return 400;
  }
  if (request_.scheme != "http" && request_.scheme != "https") return 400;
  if (!IsTarget(request_.target, request_.method)) return 400;
  const auto host = request_.fields.Find("host");
  if (request_.fields.Count("host") > 1) return 400;
  if (host && !request_.authority.empty() && *host != request_.authority) return 400;
  if (!IsAuthorityText(request_.authority.empty() ? host.value_or("") : request_.authority))
    return 400;
  return 0;
}

H2HeadReader::RequestOrStatus H2HeadReader::TakeRequest() && {
  FinishFields();
  RequestOrStatus result;
  result.refusal = CheckRequest();
  if (request_.authority.empty()) request_.authority = request_.fields.Find("host").value_or("");
  request_.fields.Remove("host");
  if (request_.is_upgrade()) {
    request_.method = "GET";
    request_.fields.Remove("sec-websocket-version");
  }
  if (const auto expect = request_.fields.Find("expect")) {
    result.expects_continue = EqualsIgnoreCase(*expect, "100-continue");
    if (result.refusal == 0 && (!result.expects_continue || request_.fields.Count("expect") > 1)) {
      result.refusal = 417;
    }
    request_.fields.Remove("expect");
  }
  result.head = std::move(request_);
  return result;
}

Result<ResponseHead> H2HeadReader::TakeResponse() && {
  FinishFields();
  if (is_too_large_) return Invalid("response head beyond its limit");
  const auto status = ParseNumber<std::uint64_t>(status_);
  // Others are of no class, and no server may pass them on (RFC 9110, section 15).
  if (!status || *status < 100 || *status > 599) return Invalid("bad status in a response");
  return ResponseHead{.status = static_cast<int>(*status), .fields = std::move(request_.fields)};
}

H2HeadWriter::H2HeadWriter(const RequestHead& head) {
  list_.reserve(head.fields.size() + 6);
  Add(":method", head.is_upgrade() ? "CONNECT" : std::string_view(head.method));
  if (head.is_upgrade()) Add(":protocol", head.protocol);
  Add(":scheme", head.scheme.empty() ? "https" : std::string_view(head.scheme));
  Add(":authority", head.authority);
  Add(":path", head.target);
  AddFields(head.fields, !head.is_upgrade());
}

H2HeadWriter::H2HeadWriter(const ResponseHead& head, int status) {
  list_.reserve(head.fields.size() + 2);
  const auto [end, error] = std::to_chars(status_text_, status_text_ + 3, status);
  Add(":status", std::string_view(status_text_, end));
  // An accepted CONNECT and 204 have no content, so no length of it either.
  AddFields(head.fields, head.status >= 200 && head.status != 204);
}

void H2HeadWriter::AddLength(std::uint64_t length) {
  if (length_) return;
  length_ = length;
  const auto [end, error] = std::to_chars(length_text_, length_text_ + sizeof length_text_, length);
  Add("content-length", std::string_view(length_text_, end));
}

void H2HeadWriter::AddDate() { Add("date", HttpDateNow()); }

void H2HeadWriter::AddFields(const Fields& fields, bool with_length) {
  for (const auto& [name, value] : fields) {
    if (BelongsToConnection(name)) continue;
    if (name == "content-length") {
      if (!with_length || length_) continue;
      length_ = ParseNumber<std::uint64_t>(value);
      if (!length_) continue;
    }
    // A field that the peer would refuse costs the whole stream there; without it, only itself.
    if (IsSendable(name, value)) Add(name, value);
  }
}

void H2HeadWriter::Add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kH2FieldOverhead;
  if (std::max(name.size(), value.size()) > kLongestText) has_long_field_ = true;
  list_.push_back({.name = Unconst(name),
                   .value = Unconst(value),
                   .namelen = name.size(),
                   .valuelen = value.size(),
                   .flags = static_cast<std::uint8_t>(IsSensitive(name) ? NGHTTP2_NV_FLAG_NO_INDEX
                                                                        : NGHTTP2_NV_FLAG_NONE)});
}

std::optional<std::uint64_t> ContentLength(const Fields& fields) {
  const auto text = fields.Find("content-length");
  return text ? ParseNumber<std::uint64_t>(*text) : std::nullopt;
}

}  // namespace berth::http
