#include "http/h1_parser.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

const Limits kLimits;

std::expected<H1Request, H1Refusal> Parse(std::string_view text) {
  HeadScanner scanner(HeadScanner::Kind::kRequest, kLimits);
  const auto size = scanner.Scan(text);
  if (!size) return std::unexpected(size.error());
  EXPECT_EQ(*size, text.size());
  return ParseRequestHead(text, kLimits);
}

std::expected<H1Response, H1Refusal> ParseAnswer(std::string_view text,
                                                 std::string_view method = "GET") {
  HeadScanner scanner(HeadScanner::Kind::kResponse, kLimits);
  const auto size = scanner.Scan(text);
  if (!size) return std::unexpected(size.error());
  EXPECT_EQ(*size, text.size());
  return ParseResponseHead(text, method, kLimits);
}

TEST(HeadScannerTest, FindsTheEndHoweverTheBytesArrive) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t step = 1; step <= head.size(); ++step) {
    HeadScanner scanner(HeadScanner::Kind::kRequest, kLimits);
    const std::string text = head + "body";
    for (std::size_t end = step;; end += step) {
      const auto size = scanner.Scan(std::string_view(text).substr(0, end));
      ASSERT_TRUE(size.has_value());
      EXPECT_EQ(*size, end >= head.size() ? head.size() : 0);
      if (*size > 0) break;
    }
  }
}

TEST(HeadScannerTest, RefusesAtTheSameByteHoweverTheBytesArrive) {
  const std::string whole = "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n";
  HeadScanner at_once(HeadScanner::Kind::kRequest, kLimits);
  EXPECT_FALSE(at_once.Scan(whole).has_value());
  HeadScanner slowly(HeadScanner::Kind::kRequest, kLimits);
  const std::size_t bad = whole.find("\nX");
  EXPECT_TRUE(slowly.Scan(std::string_view(whole).substr(0, bad)).has_value());
  EXPECT_FALSE(slowly.Scan(std::string_view(whole).substr(0, bad + 1)).has_value());
}

TEST(HeadScannerTest, CountsTheFields) {
  for (const std::size_t count : {kLimits.request_fields, kLimits.request_fields + 1}) {
    std::string head = "GET / HTTP/1.1\r\n";
    for (std::size_t i = 0; i < count; ++i) head += "x: y\r\n";
    HeadScanner scanner(HeadScanner::Kind::kRequest, kLimits);
    EXPECT_EQ(scanner.Scan(head + "\r\n").has_value(), count == kLimits.request_fields) << count;
  }
}

TEST(H1ParserTest, ReadsAnOrdinaryRequest) {
  const auto request = Parse(
      "GET /a/b?c=%2F&d HTTP/1.1\r\nHost: example.test:8080\r\nUser-Agent:  x y\t\r\n"
      "COOKIE: a=b\r\nempty:\r\n\r\n");
  ASSERT_TRUE(request.has_value()) << request.error().reason;
  EXPECT_EQ(request->head.method, "GET");
  EXPECT_EQ(request->head.target, "/a/b?c=%2F&d");
  EXPECT_EQ(request->head.path(), "/a/b");
  EXPECT_EQ(request->head.authority, "example.test:8080");
  EXPECT_EQ(request->head.fields.size(), 3u);
  EXPECT_EQ(request->head.fields.Find("user-agent"), "x y");
  EXPECT_EQ(request->head.fields.Find("cookie"), "a=b");
  EXPECT_EQ(request->head.fields.Find("empty"), "");
  EXPECT_EQ(request->framing, BodyFraming{});
  EXPECT_TRUE(request->keep_alive);
}

TEST(H1ParserTest, AbsoluteFormBecomesOriginForm) {
  EXPECT_EQ(Parse("GET http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\n\r\n")->head.target, "/x?y");
  EXPECT_EQ(Parse("GET HTTP://A.test HTTP/1.1\r\nHost: a.test\r\n\r\n")->head.target, "/");
  EXPECT_EQ(Parse("OPTIONS http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n")->head.target, "*");
  EXPECT_EQ(Parse("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n")->head.target, "*");
}

TEST(H1ParserTest, ReadsTheFraming) {
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(Parse(start + "Content-Length: 9223372036854775807\r\n\r\n")->framing,
            (BodyFraming{BodyFraming::Kind::kLength, 9223372036854775807u}));
  const auto chunked = Parse(start + "Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n");
  EXPECT_EQ(chunked->framing.kind, BodyFraming::Kind::kChunked);
  EXPECT_TRUE(chunked->expects_continue);
  EXPECT_FALSE(chunked->head.fields.Has("expect"));
  EXPECT_FALSE(chunked->head.fields.Has("transfer-encoding"));
}

TEST(H1ParserTest, TakesThirtyTwoElementsOfConnection) {
  const std::string many(31, ',');
  EXPECT_TRUE(Parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: a" + many + "b\r\n\r\n"));
  EXPECT_FALSE(Parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: a" + many + ",b\r\n\r\n"));
}

TEST(H1ParserTest, KeepAliveFollowsVersionAndConnection) {
  const auto keeps = [](std::string_view version, std::string_view connection) {
    return Parse("GET / " + std::string(version) + "\r\nHost: a\r\n" + std::string(connection) +
                 "\r\n")
        ->keep_alive;
  };
  EXPECT_TRUE(keeps("HTTP/1.1", ""));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: TE, Close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", ""));
  EXPECT_TRUE(keeps("HTTP/1.0", "connection: Keep-Alive\r\n"));
}

TEST(H1ParserTest, AnUpgradeLosesTheFieldsOfItsHandshake) {
  const auto request = Parse(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade, X-Hop\r\n"
      "Upgrade: WebSocket\r\nX-Hop: 1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\nOrigin: http://a\r\n\r\n");
  ASSERT_TRUE(request.has_value()) << request.error().reason;
  EXPECT_EQ(request->head.protocol, "websocket");
  EXPECT_EQ(request->websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(request->framing.kind, BodyFraming::Kind::kUntilClose);
  EXPECT_FALSE(request->head.fields.Has("sec-websocket-key"));
  EXPECT_FALSE(request->head.fields.Has("sec-websocket-version"));
  // What belongs to the hop stays for whoever passes it on, as with every request.
  EXPECT_TRUE(request->head.fields.HasToken("connection", "x-hop"));
  EXPECT_EQ(request->head.fields.Find("sec-websocket-protocol"), "chat");
  EXPECT_EQ(request->head.fields.Find("origin"), "http://a");
}

TEST(H1ParserTest, ReadsResponses) {
  const auto response = ParseAnswer(
      "HTTP/1.1 404 Not Found at all\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n"
      "Content-Length: 3\r\n\r\n");
  ASSERT_TRUE(response.has_value()) << response.error().reason;
  EXPECT_EQ(response->head.status, 404);
  EXPECT_EQ(response->head.fields.Count("set-cookie"), 2u);
  EXPECT_EQ(response->framing, (BodyFraming{BodyFraming::Kind::kLength, 3}));
  EXPECT_TRUE(response->keep_alive);
  EXPECT_TRUE(ParseAnswer("HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n").has_value());
  EXPECT_TRUE(ParseAnswer("HTTP/1.1 599 \r\ncontent-length: 0\r\n\r\n").has_value());
}

TEST(H1ParserTest, ResponseBodiesAreFramedByStatusAndMethod) {
  using Kind = BodyFraming::Kind;
  const auto kind = [](std::string_view status, std::string_view fields,
                       std::string_view method = "GET") {
    return ParseAnswer("HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) + "\r\n",
                       method)
        ->framing.kind;
  };
  EXPECT_EQ(kind("200 OK", ""), Kind::kUntilClose);
  EXPECT_EQ(kind("200 OK", "transfer-encoding: Chunked\r\n"), Kind::kChunked);
  EXPECT_EQ(kind("200 OK", "content-length: 5\r\n"), Kind::kLength);
  EXPECT_EQ(kind("200 OK", "content-length: 5\r\n", "HEAD"), Kind::kNone);
  EXPECT_EQ(kind("204 No Content", ""), Kind::kNone);
  EXPECT_EQ(kind("304 Not Modified", "content-length: 5\r\n"), Kind::kNone);
  EXPECT_EQ(kind("103 Early Hints", ""), Kind::kNone);
  EXPECT_EQ(kind("101 Switching Protocols", ""), Kind::kUntilClose);
}

TEST(H1ParserTest, RefusesBrokenResponses) {
  for (const std::string text :
       {"HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 600 X\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n", "HTTP/1.1 200 O\x01K\r\n\r\n", "HTTP/1.1 200 OK\r\nx : y\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"}) {
    EXPECT_FALSE(ParseAnswer(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace berth::http
