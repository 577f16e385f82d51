#include "control/v1_proxy.h"

#include <algorithm>
#include <initializer_list>
#include <span>

#include "base/encoding.h"
#include "control/json_reader.h"
#include "http/grammar.h"
#include "http/header_rules.h"
#include "http/utf8.h"

namespace berth::control {
namespace {

constexpr std::string_view kPrefixField = "x-forwarded-prefix";
// What HTTP/1.1 may bring, and what a hub adds. A message may be as large as a body.
constexpr std::size_t kMostHeaders = 128;
constexpr std::size_t kHeaderBytes = 128 * 1024;  // Names and values.

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Each byte as one character, in UTF-8.
std::string CharactersOf(std::string_view bytes) {
  if (IsAscii(bytes)) return std::string(bytes);
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xc0 | byte >> 6));
      text.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return text;
}

/// The reverse; text with characters that are no single byte stays as it is. REQUIRES: UTF-8.
std::string BytesOf(std::string_view text) {
  if (IsAscii(text)) return std::string(text);
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      bytes.push_back(text[i]);
    } else if (lead == 0xc2 || lead == 0xc3) {
      const auto next = static_cast<unsigned char>(text[++i]);
      bytes.push_back(static_cast<char>((lead & 3) << 6 | (next & 0x3f)));
    } else {
      return std::string(text);
    }
  }
  return bytes;
}

Headers HeadersOf(const http::Fields& fields) {
  Headers headers;
  headers.reserve(fields.size() + 1);
  for (const auto& [name, value] : fields) headers.emplace_back(name, CharactersOf(value));
  return headers;
}

Result<http::Fields> FieldsOf(const Headers& headers) {
  if (headers.size() > kMostHeaders) return Invalid("too many headers");
  http::Fields fields;
  std::size_t size = 0;
  std::ptrdiff_t elements = 0;  // Of Connection.
  for (const auto& [name, value] : headers) {
    size += name.size() + value.size();
    if (size > kHeaderBytes) return Invalid("the headers are too large");
    if (!http::IsToken(name)) return Invalid("a header name is not a token");
    const std::string bytes = BytesOf(value);
    if (!http::IsFieldValue(bytes)) return Invalid("a header value holds control characters");
    if (http::EqualsIgnoreCase(name, "connection")) {
      elements += 1 + std::ranges::count(bytes, ',');
      if (elements > http::kMostConnectionElements) return Invalid("connection names too much");
    }
    fields.Add(name, http::TrimOws(bytes));
  }
  return fields;
}

/// Removes the fields of these names, in any spelling.
void RemoveSpelt(http::Fields& fields, std::initializer_list<std::string_view> names) {
  fields.RemoveIf([names](const http::Fields::Field& field) {
    return std::ranges::any_of(names, [&](auto name) { return http::Spells(field.name, name); });
  });
}

/// Whether `text` begins with the escape of half a character: of a UTF-16 code unit whose second
/// digit is one of these.
bool BeginsWithHalf(std::string_view text, std::string_view digits) {
  return text.size() >= 6 && text.starts_with("\\u") && (text[2] == 'd' || text[2] == 'D') &&
         digits.find(text[3]) != digits.npos;
}

bool HasNoBody(int status, std::string_view method) {
  return method == "HEAD" || status == 204 || status == 304;
}

}  // namespace

Result<HttpProxyRequest> EncodeRequest(const http::RequestHead& head, std::string request_id,
                                       std::optional<std::string> body) {
  if (body && !http::IsUtf8(*body)) return Invalid("the body is not text");
  HttpProxyRequest message;
  message.request_id = std::move(request_id);
  message.method = head.method;
  message.path = head.path();
  message.query = head.query();
  message.proxy_base = head.fields.Find(kPrefixField).value_or("");
  http::Fields fields = head.fields;
  // A coded body could only travel as base64, and some peers decode it and still name the coding.
  RemoveSpelt(fields, {"host", "accept-encoding", "content-length", kEncodingField});
  message.headers = HeadersOf(fields);
  message.body = std::move(body);
  return message;
}

Result<http::Response> DecodeResponse(HttpProxyResponse message, std::string_view method) {
  if (message.status < 200 || message.status > 599) return Invalid("not a status");
  auto fields = FieldsOf(message.headers);
  if (!fields) return std::move(fields).error();
  http::RemoveHopByHop(*fields);
  http::Response response;
  response.head.status = static_cast<int>(message.status);
  const bool has_encoding = fields->Has(kEncodingField);
  if (has_encoding) {
    if (!http::EqualsIgnoreCase(*fields->Find(kEncodingField), "base64")) {
      return Invalid("unknown x-orch-encoding");
    }
    fields->Remove(kEncodingField);
    const auto bytes = Base64Decode(message.body);
    if (!bytes) return Invalid("the body is not base64");
    message.body.assign(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  } else {
    // Text is never a coded body: the peer decoded it and left the field.
    fields->Remove("content-encoding");
  }
  if (!HasNoBody(response.head.status, method)) {
    fields->Remove("content-length");  // Of what the instance sent, before any rewriting.
    response.body = std::make_unique<http::TextBody>(std::move(message.body));
  } else if (fields->Count("content-length") > 0) {
    const std::string length(*fields->Find("content-length"));
    const bool is_number = !length.empty() && length.size() < 19 &&
                           std::ranges::all_of(length, [](char c) { return c >= '0' && c <= '9'; });
    fields->Remove("content-length");
    if (is_number && response.head.status != 204) fields->Add("content-length", length);
  }
  response.head.fields = std::move(*fields);
  return response;
}

Result<http::Request> DecodeRequest(HttpProxyRequest message, std::string_view hub_scheme,
                                    std::string_view hub_authority) {
  if (!http::IsToken(message.method)) return Invalid("field \"method\" is not a token");
  http::Request request;
  request.head.method = std::move(message.method);
  request.head.target = std::move(message.path);
  if (!message.query.empty()) request.head.target += "?" + message.query;
  if (!http::IsOriginForm(request.head.target)) {
    return Invalid("field \"path\" or \"query\" cannot be part of a URL");
  }
  const std::string& prefix = message.proxy_base;
  if (!prefix.empty() && (!http::IsOriginForm(prefix) || prefix.find('?') != prefix.npos)) {
    return Invalid("field \"proxy_base\" is not a path");
  }
  request.head.scheme = hub_scheme;
  request.head.authority = hub_authority;
  auto fields = FieldsOf(message.headers);
  if (!fields) return std::move(fields).error();
  http::RemoveHopByHop(*fields);
  RemoveSpelt(*fields, {"host", "content-length", "expect", kEncodingField, kPrefixField});
  if (!fields->Has("x-forwarded-host")) fields->Add("x-forwarded-host", hub_authority);
  if (!fields->Has("x-forwarded-proto")) fields->Add("x-forwarded-proto", hub_scheme);
  if (!prefix.empty()) fields->Add(kPrefixField, prefix);
  request.head.fields = std::move(*fields);
  if (message.body && !message.body->empty()) {
    request.body = std::make_unique<http::TextBody>(std::move(*message.body));
  }
  return request;
}

HttpProxyResponse EncodeResponse(const http::ResponseHead& head, std::string request_id,
                                 std::string body) {
  HttpProxyResponse message;
  message.request_id = std::move(request_id);
  message.status = head.status;
  http::Fields fields = head.fields;
  http::RemoveHopByHop(fields);
  RemoveSpelt(fields, {kEncodingField});
  message.headers = HeadersOf(fields);
  if (http::IsUtf8(body)) {
    message.body = std::move(body);
  } else {
    message.headers.emplace_back(kEncodingField, "base64");
    message.body = Base64Encode(std::as_bytes(std::span(body)));
  }
  return message;
}

std::optional<std::string> WithWholeCharacters(std::string_view text) {
  constexpr std::string_view kFirstHalf = "89abAB";
  constexpr std::string_view kSecondHalf = "cdefCDEF";
  std::optional<std::string> whole;
  for (std::size_t at = text.find('\\'); at != text.npos; at = text.find('\\', at)) {
    const std::string_view rest = text.substr(at);
    const bool is_first = BeginsWithHalf(rest, kFirstHalf);
    if (is_first && BeginsWithHalf(rest.substr(6), kSecondHalf)) {
      at += 12;
    } else if (is_first || BeginsWithHalf(rest, kSecondHalf)) {
      if (!whole) whole = text;
      whole->replace(at, 6, "\\ufffd");
      at += 6;
    } else {
      at += 2;
    }
  }
  return whole;
}

Refused PartsOfRefused(std::string_view text) {
  const auto member = [text](std::string_view name) -> std::string {
    const std::string_view value = PlainMember(text, name);
    return value.size() > kShortText ? std::string() : std::string(value);
  };
  return {.type = member("type"), .request_id = member("request_id")};
}

}  // namespace berth::control
