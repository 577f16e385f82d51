// For tests: requests that a strict HTTP/1.1 server must refuse, each with the status it answers.
//
// Every one of them must be answered with that status and a closed connection, and no Service may
// see any of it. For unit tests (h1_malformed_test.cc) and for a whole hub.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth::http::testing {

struct MalformedRequest {
  std::string_view name;
  std::string bytes;
  int status;
};

/// Requests whose head is refused. Assumes the default Limits.
inline std::vector<MalformedRequest> MalformedRequests() {
  using std::string_literals::operator""s;
  const std::string host = "Host: example.test\r\n";
  const auto get = [&](std::string_view line) {
    return std::string(line) + "\r\n" + host + "\r\n";
  };
  const auto with = [&](std::string_view fields) {
    return "GET / HTTP/1.1\r\n" + host + std::string(fields) + "\r\n";
  };
  const auto post = [&](std::string_view fields, std::string_view body) {
    return "POST / HTTP/1.1\r\n" + host + std::string(fields) + "\r\n" + std::string(body);
  };
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version13 = "Sec-WebSocket-Version: 13\r\n";
  const std::string upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\n" + host + "\r\n";

  std::string many_fields;
  for (int i = 0; i < 101; ++i) many_fields += "x-" + std::to_string(i) + ": y\r\n";
  std::string many_connections;
  for (int i = 0; i < 33; ++i) many_connections += "Connection: x-" + std::to_string(i) + "\r\n";
  std::string ten_thousand_fields;
  for (int i = 0; i < 10'000; ++i) ten_thousand_fields += "x-" + std::to_string(i) + ": y\r\n";

  return {
      // The request line.
      {"http 0.9", "GET /\r\n\r\n", 400},
      {"http 2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"version 1.2", get("GET / HTTP/1.2"), 400},
      {"version 2.0", get("GET / HTTP/2.0"), 400},
      {"version in lower case", get("GET / http/1.1"), 400},
      {"version with leading zero", get("GET / HTTP/01.1"), 400},
      {"space after version", get("GET / HTTP/1.1 "), 400},
      {"two spaces before target", get("GET  / HTTP/1.1"), 400},
      {"two spaces before version", get("GET /  HTTP/1.1"), 400},
      {"tab for space", get("GET\t/ HTTP/1.1"), 400},
      {"no method", get(" / HTTP/1.1"), 400},
      {"method not a token", get("G@T / HTTP/1.1"), 400},
      {"leading empty line", "\r\nGET / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"leading space", get(" GET / HTTP/1.1"), 400},
      {"connect", "CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n", 501},
      {"trace", get("TRACE / HTTP/1.1"), 501},
      {"endless method", get(std::string(300, 'A') + " / HTTP/1.1"), 501},
      {"two requests in one line", get("GET / HTTP/1.1 GET /smuggled HTTP/1.1"), 400},
      {"bare CR ends the request line", "GET / HTTP/1.1\r" + host + "\r\n", 400},
      {"CR in the version", get("GET / HTTP/1.1\r\r"), 400},
      {"absolute connect", get("CONNECT http://example.test/ HTTP/1.1"), 501},
      {"trace in lower case", "trace /\r\n" + host + "\r\n", 400},
      {"proxy protocol", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\n" + host + "\r\n",
       400},
      {"tls client hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, 400},
      {"response instead of request", "HTTP/1.1 200 OK\r\n" + host + "\r\n", 400},
      // The target.
      {"target without slash", get("GET index.html HTTP/1.1"), 400},
      {"target with two slashes", get("GET //evil.test/ HTTP/1.1"), 400},
      {"target with fragment", get("GET /a#b HTTP/1.1"), 400},
      {"target with backslash", get("GET /a\\b HTTP/1.1"), 400},
      {"target with NUL", "GET /a\0b HTTP/1.1\r\n"s + host + "\r\n", 400},
      {"target with a byte above ASCII", get("GET /\xC3\xA9 HTTP/1.1"), 400},
      {"target with DEL", get("GET /\x7F HTTP/1.1"), 400},
      {"target with tab", get("GET /a\tb HTTP/1.1"), 400},
      {"target with space", get("GET /a b HTTP/1.1"), 400},
      {"star for get", get("GET * HTTP/1.1"), 400},
      {"absolute target of another host", get("GET http://other.test/ HTTP/1.1"), 400},
      {"absolute target with user", get("GET http://u@example.test/ HTTP/1.1"), 400},
      {"absolute target of another scheme", get("GET ftp://example.test/ HTTP/1.1"), 400},
      {"absolute target then two slashes", get("GET http://example.test//x HTTP/1.1"), 400},
      {"absolute target with another port", get("GET http://example.test:81/ HTTP/1.1"), 400},
      {"absolute target without host", get("GET http:///x HTTP/1.1"), 400},
      {"scheme alone as target", "GET http HTTP/1.1\r\nHost: tp\r\n\r\n", 400},
      {"javascript target", get("GET javascript://example.test/ HTTP/1.1"), 400},
      {"authority target", get("GET example.test:80 HTTP/1.1"), 400},
      {"target too long", get("GET /" + std::string(16 * 1024, 'a') + " HTTP/1.1"), 414},
      {"target without end", "GET /" + std::string(40 * 1024, 'a'), 414},
      // Host.
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"no host in http 1.0", "GET / HTTP/1.0\r\n\r\n", 400},
      {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"two hosts", with("Host: other.test\r\n"), 400},
      {"the same host twice", with("host: example.test\r\n"), 400},
      {"host with path", "GET / HTTP/1.1\r\nHost: example.test/x\r\n\r\n", 400},
      {"host with user", "GET / HTTP/1.1\r\nHost: u@example.test\r\n\r\n", 400},
      {"host list", "GET / HTTP/1.1\r\nHost: example.test, other.test\r\n\r\n", 400},
      {"host with a bad port", "GET / HTTP/1.1\r\nHost: example.test:99999\r\n\r\n", 400},
      {"host with an empty port", "GET / HTTP/1.1\r\nHost: example.test:\r\n\r\n", 400},
      {"host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
      {"host with a bare CR", "GET / HTTP/1.1\r\nHost: example.test\rX: y\r\n\r\n", 400},
      {"host with a NUL", "GET / HTTP/1.1\r\nHost: example.test\0\r\n\r\n"s, 400},
      {"host folded", "GET / HTTP/1.1\r\nHost:\r\n example.test\r\n\r\n", 400},
      {"host with an escape", "GET / HTTP/1.1\r\nHost: example%2etest\r\n\r\n", 400},
      // Fields.
      {"space before colon", with("X-A : b\r\n"), 400},
      {"tab before colon", with("Content-Length\t: 5\r\n"), 400},
      {"no colon", with("nonsense\r\n"), 400},
      {"empty name", with(": value\r\n"), 400},
      {"name not a token", with("X(A): b\r\n"), 400},
      {"name above ASCII", with("X-\xC3\xA9: b\r\n"), 400},
      {"folded field", with("X-A: b\r\n c\r\n"), 400},
      {"folded field with tab", with("X-A: b\r\n\tc\r\n"), 400},
      {"first field folded", "GET / HTTP/1.1\r\n " + host + "\r\n", 400},
      {"NUL in value", "GET / HTTP/1.1\r\n"s + host + "X-A: a\0b\r\n\r\n"s, 400},
      {"bare CR ends a field", with("X-A: a\rTransfer-Encoding: chunked\r\n"), 400},
      {"space in a name", with("Transfer Encoding: chunked\r\n"), 400},
      {"vertical tab before a name", with("\x0BX-A: b\r\n"), 400},
      {"CR in value", with("X-A: a\rb\r\n"), 400},
      {"control byte in value", with("X-A: a\x01"s + "b\r\n"), 400},
      {"DEL in value", with("X-A: a\x7F"s + "b\r\n"), 400},
      {"bare LF after the request line", "GET / HTTP/1.1\n" + host + "\r\n", 400},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: example.test\n\r\n", 400},
      {"bare LF at the end", "GET / HTTP/1.1\r\n" + host + "\n", 400},
      {"101 fields", with(many_fields), 431},
      {"10,000 fields", with(ten_thousand_fields), 431},
      {"field too large", with("X-A: " + std::string(64 * 1024, 'a') + "\r\n"), 431},
      {"head without end", "GET / HTTP/1.1\r\n" + host + "X-A: " + std::string(70'000, 'a'), 431},
      // Body framing.
      {"length and coding",
       post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + smuggled), 400},
      {"coding and length",
       post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n" + smuggled), 400},
      {"two lengths", post("Content-Length: 0\r\nContent-Length: 5\r\n", smuggled), 400},
      {"the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400},
      {"length list", post("Content-Length: 5, 5\r\n", "hello"), 400},
      {"negative length", post("Content-Length: -1\r\n", ""), 400},
      {"length with sign", post("Content-Length: +5\r\n", "hello"), 400},
      {"hexadecimal length", post("Content-Length: 0x5\r\n", "hello"), 400},
      {"empty length", post("Content-Length:\r\n", ""), 400},
      {"length with space", post("Content-Length: 1 2\r\n", "hello"), 400},
      {"length of 2^63", post("Content-Length: 9223372036854775808\r\n", ""), 413},
      {"length beyond all", post("Content-Length: 99999999999999999999999\r\n", ""), 413},
      {"gzip coding", post("Transfer-Encoding: gzip\r\n", smuggled), 501},
      {"chunked then identity", post("Transfer-Encoding: chunked, identity\r\n", smuggled), 501},
      {"gzip then chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
      {"quoted chunked", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 501},
      {"chunked with vertical tab",
       post("Transfer-Encoding: \x0B"
            "chunked\r\n",
            ""),
       400},
      {"chunked with a parameter", post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n"), 501},
      {"chunked twice in a list", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
       501},
      {"chunked in upper case", post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"), 501},
      {"chunked behind a comma", post("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"), 501},
      {"chunked folded", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 501},
      {"length then coding by get",
       with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
      {"length folded", post("Content-Length: 5\r\n 0\r\n", "hello"), 400},
      {"length with a comma", post("Content-Length: 5,\r\n", "hello"), 400},
      {"length in full-width digits", post("Content-Length: \xEF\xBC\x95\r\n", "hello"), 400},
      {"two codings",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {"empty coding", post("Transfer-Encoding:\r\n", smuggled), 501},
      {"chunked in http 1.0",
       "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"unknown expectation", post("Content-Length: 5\r\nExpect: payment\r\n", "hello"), 417},
      // Upgrades.
      {"upgrade to h2c",
       with("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            "HTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
       501},
      {"upgrade to TLS", with("Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n"), 501},
      {"upgrade to nothing", with("Connection: Upgrade\r\nUpgrade:\r\n"), 501},
      {"upgrade to h2c without connection", with("Upgrade: h2c\r\n"), 501},
      {"upgrade to two protocols",
       with("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n" + key + version13), 501},
      {"two upgrades", with(upgrade + "Upgrade: websocket\r\n" + key + version13), 501},
      {"websocket without connection", with("Upgrade: websocket\r\n" + key + version13), 400},
      {"connection with 33 elements",
       with("Connection: Upgrade" + std::string(32, ',') + "a\r\nUpgrade: websocket\r\n" + key +
            version13),
       400},
      {"33 connection fields", with(many_connections), 400},
      {"websocket without key", with(upgrade + version13), 400},
      {"websocket with a short key", with(upgrade + version13 + "Sec-WebSocket-Key: AAAA\r\n"),
       400},
      {"websocket with two keys", with(upgrade + version13 + key + key), 400},
      {"websocket without version", with(upgrade + key), 400},
      {"websocket version 8", with(upgrade + key + "Sec-WebSocket-Version: 8\r\n"), 400},
      {"websocket with two versions",
       with(upgrade + key + "Sec-WebSocket-Version: 8\r\n" + version13), 400},
      {"websocket by post", "POST / HTTP/1.1\r\n" + host + upgrade + key + version13 + "\r\n", 400},
      {"websocket with a body", with(upgrade + key + version13 + "Content-Length: 5\r\n") + "hello",
       400},
      {"websocket in http 1.0", "GET / HTTP/1.0\r\n" + host + upgrade + key + version13 + "\r\n",
       400},
  };
}

/// Requests with a good head and a body whose framing is broken: a Service may have seen the head,
/// but no later request, and the answer is this status unless one was on its way.
inline std::vector<MalformedRequest> MalformedBodies() {
  const std::string head =
      "POST /broken HTTP/1.1\r\nHost: example.test\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: example.test\r\n\r\n";
  return {
      {"no size", head + "\r\nhello\r\n0\r\n\r\n", 400},
      {"size not a number", head + "xyz\r\nhello\r\n0\r\n\r\n", 400},
      {"negative size", head + "-5\r\nhello\r\n0\r\n\r\n", 400},
      {"size with 0x", head + "0x5\r\nhello\r\n0\r\n\r\n", 400},
      {"size with space before", head + " 5\r\nhello\r\n0\r\n\r\n", 400},
      {"size with space after", head + "5 \r\nhello\r\n0\r\n\r\n", 400},
      {"size beyond 2^60", head + "1000000000000000\r\nhello\r\n0\r\n\r\n", 400},
      {"size of 2^64", head + "10000000000000000\r\nhello\r\n0\r\n\r\n", 400},
      {"size that overflows to five", head + "10000000000000005\r\nhello\r\n0\r\n\r\n", 400},
      {"size with a sign", head + "+5\r\nhello\r\n0\r\n\r\n", 400},
      {"size with an underscore", head + "1_0\r\nhello\r\n0\r\n\r\n", 400},
      {"bare CR after the size", head + "5\rhello\r\n0\r\n\r\n", 400},
      {"bare CR after the data", head + "5\r\nhello\r0\r\n\r\n" + smuggled, 400},
      {"NUL in a trailer", head + std::string("0\r\nx-a: \0\r\n\r\n", 12), 400},
      {"size of zeros without end", head + std::string(64, '0') + "5\r\nhello\r\n", 400},
      {"bare LF after the size", head + "5\nhello\r\n0\r\n\r\n", 400},
      {"bare LF after the data", head + "5\r\nhello\n0\r\n\r\n", 400},
      {"data longer than its size", head + "3\r\nhello\r\n0\r\n\r\n" + smuggled, 400},
      {"data shorter than its size", head + "7\r\nhello\r\n0\r\n\r\n" + smuggled, 400},
      {"bare LF in an extension", head + "5;a\nhello\r\n0\r\n\r\n" + smuggled, 400},
      {"control byte in an extension", head + "5;a=\x01\r\nhello\r\n0\r\n\r\n", 400},
      {"endless extension", head + "5;" + std::string(17 * 1024, 'a') + "\r\nhello\r\n", 413},
      {"bare LF at the end", head + "5\r\nhello\r\n0\n\n" + smuggled, 400},
      {"folded trailer", head + "0\r\nx-a: b\r\n c\r\n\r\n", 400},
      {"trailer without a name", head + "0\r\n: b\r\n\r\n", 400},
      {"trailer without colon", head + "0\r\n" + smuggled, 400},
      {"endless trailer", head + "0\r\nx-a: " + std::string(17 * 1024, 'a') + "\r\n\r\n", 413},
  };
}

}  // namespace berth::http::testing
