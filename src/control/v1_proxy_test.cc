#include "control/v1_proxy.h"

#include <gtest/gtest.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"

namespace berth::control {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

std::string BodyOf(http::Body* body) {
  berth::testing::TestExecutor executor;
  auto text = executor.Await(http::ReadAll(body, 1 << 20));
  return text ? *text : text.error().message;
}

http::RequestHead Head() {
  http::RequestHead head;
  head.method = "POST";
  head.scheme = "https";
  head.authority = "hub.example";
  head.target = "/a/b?x=1&y=%20";
  head.fields.Add("accept", "a");
  head.fields.Add("accept", "b");
  head.fields.Add("content-length", "3");
  head.fields.Add("accept-encoding", "gzip");
  head.fields.Add("x-forwarded-prefix", "/clients/x-1/proxy");
  return head;
}

HttpProxyResponse Answer(std::string body, Headers headers = {}, std::int64_t status = 200) {
  return {
      .request_id = "r", .status = status, .headers = std::move(headers), .body = std::move(body)};
}

TEST(V1ProxyTest, EncodesARequest) {
  const auto message = EncodeRequest(Head(), "r1", "h\xc3\xa9\n");
  ASSERT_THAT(message, IsOk());
  EXPECT_EQ(message->request_id, "r1");
  EXPECT_EQ(message->method, "POST");
  EXPECT_EQ(message->path, "/a/b");
  EXPECT_EQ(message->query, "x=1&y=%20");
  EXPECT_EQ(message->proxy_base, "/clients/x-1/proxy");
  EXPECT_EQ(message->body, "h\xc3\xa9\n");
  const Headers expected = {
      {"accept", "a"}, {"accept", "b"}, {"x-forwarded-prefix", "/clients/x-1/proxy"}};
  EXPECT_EQ(message->headers, expected);
}

TEST(V1ProxyTest, TheEncodingOfABodyIsNobodyElsesToSay) {
  for (const std::string_view name : {"x-orch-encoding", "x_orch_encoding", "x-orch_encoding"}) {
    http::RequestHead head = Head();
    head.fields.Add(name, "base64");
    const auto encoded = EncodeRequest(head, "r", std::nullopt);
    ASSERT_THAT(encoded, IsOk());
    EXPECT_EQ(encoded->headers.size(), 3U) << name;

    HttpProxyRequest message{.request_id = "r",
                             .method = "GET",
                             .path = "/",
                             .headers = {{std::string(name), "base64"}},
                             .body = std::nullopt,
                             .query = "",
                             .proxy_base = ""};
    const auto request = DecodeRequest(message, "https", "hub.example");
    ASSERT_THAT(request, IsOk());
    EXPECT_FALSE(request->head.fields.Has(name)) << name;
  }
}

TEST(V1ProxyTest, RefusesABodyThatIsNotText) {
  EXPECT_THAT(EncodeRequest(Head(), "r", "\xff\x00"), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(EncodeRequest(Head(), "r", std::nullopt), IsOk());
}

TEST(V1ProxyTest, DecodesTextAndBase64) {
  auto text = DecodeResponse(Answer("h\xc3\xa9",
                                    {{"Content-Type", "text/plain"},
                                     {"Content-Length", "99"},
                                     {"Content-Encoding", "gzip"},
                                     {"Connection", "x-gone"},
                                     {"X-Gone", "1"},
                                     {"Set-Cookie", "a=1"},
                                     {"Set-Cookie", "b=2"}},
                                    404),
                             "GET");
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(text->head.status, 404);
  EXPECT_EQ(BodyOf(text->body.get()), "h\xc3\xa9");
  EXPECT_EQ(text->head.fields.Count("set-cookie"), 2U);
  EXPECT_EQ(text->head.fields.size(), 3U);

  auto binary = DecodeResponse(
      Answer("AP8=", {{"X-Orch-Encoding", "BASE64"}, {"content-encoding", "gzip"}}), "GET");
  ASSERT_THAT(binary, IsOk());
  EXPECT_EQ(BodyOf(binary->body.get()), std::string("\0\xff", 2));
  EXPECT_FALSE(binary->head.fields.Has("x-orch-encoding"));
  EXPECT_TRUE(binary->head.fields.Has("content-encoding"));
}

TEST(V1ProxyTest, RefusesMoreHeadersThanHttpCouldBring) {
  Headers many(128, {"x", "y"});
  EXPECT_THAT(DecodeResponse(Answer("", many), "GET"), IsOk());
  many.emplace_back("x", "y");
  EXPECT_THAT(DecodeResponse(Answer("", many), "GET"), FailsWith(ErrorKind::kInvalid));
  const Headers large{{"x", std::string(128 * 1024, ',')}};
  EXPECT_THAT(DecodeResponse(Answer("", large), "GET"), FailsWith(ErrorKind::kInvalid));
}

TEST(V1ProxyTest, RefusesMoreElementsOfConnectionThanHttpCouldBring) {
  const std::string half(15, ',');
  EXPECT_THAT(DecodeResponse(Answer("", {{"Connection", half}, {"connection", half}}), "GET"),
              IsOk());
  EXPECT_THAT(DecodeResponse(Answer("", {{"Connection", half}, {"connection", half + ","}}), "GET"),
              FailsWith(ErrorKind::kInvalid));
}

TEST(V1ProxyTest, RefusesBrokenAnswers) {
  for (const std::int64_t status : {-1, 0, 100, 101, 199, 600, 1 << 30}) {
    EXPECT_THAT(DecodeResponse(Answer("", {}, status), "GET"), FailsWith(ErrorKind::kInvalid));
  }
  const std::vector<Headers> broken = {{{"a b", "c"}},
                                       {{"", "c"}},
                                       {{"a", "b\r\nc: d"}},
                                       {{"a", std::string("\0", 1)}},
                                       {{"x-orch-encoding", "gzip"}}};
  for (const Headers& headers : broken) {
    EXPECT_THAT(DecodeResponse(Answer("", headers), "GET"), FailsWith(ErrorKind::kInvalid));
  }
  for (const std::string_view body : {"A", "AA", "AAA", "A===", "A-8=", "AAAA\n", "AB==", "=AAA"}) {
    EXPECT_THAT(DecodeResponse(Answer(std::string(body), {{"x-orch-encoding", "base64"}}), "GET"),
                FailsWith(ErrorKind::kInvalid))
        << body;
  }
}

TEST(V1ProxyTest, HeadAndNotModifiedHaveNoBody) {
  auto head = DecodeResponse(Answer("ignored", {{"content-length", "12"}}), "HEAD");
  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(head->body, nullptr);
  EXPECT_EQ(head->head.fields.Find("content-length"), "12");
  auto bad = DecodeResponse(Answer("", {{"content-length", "1 2"}}, 304), "GET");
  ASSERT_THAT(bad, IsOk());
  EXPECT_FALSE(bad->head.fields.Has("content-length"));
}

TEST(V1ProxyTest, FieldValuesAreBytes) {
  auto latin = DecodeResponse(Answer("", {{"a", "\xc3\xbc"}}), "GET");
  ASSERT_THAT(latin, IsOk());
  EXPECT_EQ(latin->head.fields.Find("a"), "\xfc");
  auto wide = DecodeResponse(Answer("", {{"a", "\xe2\x82\xac"}}), "GET");
  ASSERT_THAT(wide, IsOk());
  EXPECT_EQ(wide->head.fields.Find("a"), "\xe2\x82\xac");
  EXPECT_EQ(EncodeResponse(latin->head, "r", "").headers, (Headers{{"a", "\xc3\xbc"}}));
}

TEST(V1ProxyTest, DecodesARequest) {
  HttpProxyRequest message{.request_id = "r",
                           .method = "GET",
                           .path = "/a",
                           .headers = {{"Host", "evil"},
                                       {"Connection", "x-gone"},
                                       {"X-Gone", "1"},
                                       {"X-Forwarded-Prefix", "/forged"},
                                       {"Accept", "b"}},
                           .body = std::nullopt,
                           .query = "q=1",
                           .proxy_base = "/clients/x/proxy"};
  auto request = DecodeRequest(message, "https", "hub.example");
  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->head.target, "/a?q=1");
  EXPECT_EQ(request->head.authority, "hub.example");
  EXPECT_EQ(request->head.fields.Find("x-forwarded-prefix"), "/clients/x/proxy");
  EXPECT_EQ(request->head.fields.Count("x-forwarded-prefix"), 1U);
  EXPECT_EQ(request->head.fields.Find("x-forwarded-host"), "hub.example");
  EXPECT_FALSE(request->head.fields.Has("host"));
  EXPECT_FALSE(request->head.fields.Has("x-gone"));
  EXPECT_EQ(request->body, nullptr);
  for (const std::string_view path : {"", "a", "//b", "/a b", "/a#b", "http://x/", "/\xff"}) {
    message.path = path;
    EXPECT_THAT(DecodeRequest(message, "https", "hub.example"), FailsWith(ErrorKind::kInvalid))
        << path;
  }
  message.path = "/a";
  for (const std::string_view prefix : {"a", "//a", "/a?b", "/a\b", "/a\r\nb: c"}) {
    message.proxy_base = prefix;
    EXPECT_THAT(DecodeRequest(message, "https", "hub.example"), FailsWith(ErrorKind::kInvalid))
        << prefix;
  }
}

TEST(V1ProxyTest, EncodesAnAnswerSoThatItDecodesToTheSame) {
  http::ResponseHead head;
  head.status = 201;
  head.fields.Add("set-cookie", "a=1");
  head.fields.Add("set-cookie", "b=2");
  head.fields.Add("connection", "close");
  for (const std::string& body : {std::string("text\n"), std::string("\0\xff\xfe", 3)}) {
    auto response = DecodeResponse(EncodeResponse(head, "r", body), "GET");
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->head.status, 201);
    EXPECT_EQ(response->head.fields.size(), 2U);
    EXPECT_EQ(BodyOf(response->body.get()), body);
  }
}

TEST(V1ProxyTest, HalvesOfCharactersBecomeReplacements) {
  const std::pair<std::string_view, std::string_view> halves[] = {
      {R"(\ud83d)", R"(\ufffd)"},
      {R"(a\uDE00b)", R"(a\ufffdb)"},
      {R"(\ud83d\ud83d\ude00)", R"(\ufffd\ud83d\ude00)"},
      {R"(\ude00\ud83d)", R"(\ufffd\ufffd)"},
      {R"(\ud83d\\ude00)", R"(\ufffd\\ude00)"},
  };
  for (const auto& [text, whole] : halves) EXPECT_EQ(WithWholeCharacters(text), whole) << text;
  for (const char* text :
       {"", "x", R"(\)", R"(\ud83)", R"(\\ud83d)", R"(\ud83d\uDE00)", R"(\ud7ff)", R"(\ue000)"}) {
    EXPECT_EQ(WithWholeCharacters(text), std::nullopt) << text;
  }
}

TEST(V1ProxyTest, ARefusedMessageStillSaysWhomItAnswers) {
  const auto id_in = [](std::string_view text) { return PartsOfRefused(text).request_id; };
  for (const char* rest : {R"(})", R"(,"status":"200"})", R"(,"body":"cut off)", R"(,"body":"\x"})",
                           R"(,"x":[[{"request_id":"no"}]],"x":1})", "", ",", ",]]]}}"}) {
    const auto parts =
        PartsOfRefused(fmt::format(R"( {{ "type" : "error" , "request_id":"r1"{})", rest));
    EXPECT_EQ(parts.type, "error") << rest;
    EXPECT_EQ(parts.request_id, "r1") << rest;
  }
  EXPECT_EQ(id_in(R"({"x":{"request_id":"no"},"request_id":"r1"})"), "r1");
  for (const char* none :
       {"", "{", "{\"", R"({"request_id)", R"({"request_id")", R"({"request_id":)",
        R"({"request_id":")", R"({"request_id":"r1)", R"({"request_id":"r1\)",
        R"({"request_id":1})", R"({"request_id":"\u0072"})", R"([{"request_id":"r1"}])",
        R"("request_id")"}) {
    EXPECT_EQ(id_in(none), "") << none;
  }
  EXPECT_EQ(id_in(fmt::format(R"({{"request_id":"{}"}})", std::string(300, 'x'))), "");
}

}  // namespace
}  // namespace berth::control
