// Requests over HTTP/2, good and malformed, one by one: what is wrong with one ends that one alone.
#include <gtest/gtest.h>

#include "http/h2_hostile_testing.h"

namespace berth::http {
namespace {

using namespace testing;  // NOLINT: the fixture's own vocabulary.

class H2MalformedTest : public H2HostileFixture {};

TEST_F(H2MalformedTest, AnswersAGoodRequest) {
  ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders | kEndStream, 1, Block(GetFields()))),
              IsOk());
  EXPECT_EQ(Status(1), 200);
  EXPECT_EQ(service.calls, 1);
  EXPECT_EQ(service.last.authority, "hub.example");
}

TEST_F(H2MalformedTest, JoinsCookieCrumbs) {
  ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders | kEndStream, 1,
                                     Block(GetFields({{"cookie", "a=1"},
                                                      {"x-between", "y"},
                                                      {"cookie", "b=2"},
                                                      {"host", "hub.example"}})))),
              IsOk());
  EXPECT_EQ(service.last.fields.Find("cookie"), "a=1; b=2");
  EXPECT_EQ(service.last.fields.Count("cookie"), 1u);
  EXPECT_FALSE(service.last.fields.Has("host"));
}

TEST_F(H2MalformedTest, RefusesMalformedRequestsOneByOne) {
  struct Case {
    const char* name;
    FieldList fields;
    int status;  // 0: the stream is reset instead.
  };
  const auto with = [](std::string key, std::string value) {
    FieldList fields = GetFields();
    for (auto& [name, old] : fields) {
      if (name == key) old = value;
    }
    return fields;
  };
  const Case cases[] = {
      {"plain CONNECT", {{":method", "CONNECT"}, {":authority", "hub.example"}}, 405},
      {"TRACE", with(":method", "TRACE"), 405},
      {"endless method", with(":method", std::string(33, 'M')), 501},
      {"other :protocol",
       {{":method", "CONNECT"},
        {":protocol", "connect-udp"},
        {":scheme", "https"},
        {":authority", "hub.example"},
        {":path", "/"}},
       501},
      {"websocket without version", Upgrade({}), 400},
      {"websocket version 8", Upgrade({{"sec-websocket-version", "8"}}), 400},
      {"websocket of two versions",
       Upgrade({{"sec-websocket-version", "13"}, {"sec-websocket-version", "8"}}), 400},
      {"fragment in the target", with(":path", "/a#b"), 400},
      {"backslash in the target", with(":path", "/a\\b"), 400},
      {"double slash", with(":path", "//evil.example/"), 400},
      {"asterisk", with(":path", "*"), 0},
      {"absolute form", with(":path", "http://evil.example/"), 0},
      {"space in the target", with(":path", "/a b"), 0},
      {"8-bit target", with(":path", "/\xe4"), 400},
      {"other scheme", with(":scheme", "ftp"), 400},
      {"user info", with(":authority", "a@hub.example"), 400},
      {"empty authority", with(":authority", ""), 0},
      {"Host differs", GetFields({{"host", "evil.example"}}), 400},
      {"two Hosts", GetFields({{"host", "hub.example"}, {"host", "hub.example"}}), 0},
      {"connection field", GetFields({{"connection", "close"}}), 0},
      {"transfer-encoding", GetFields({{"transfer-encoding", "chunked"}}), 0},
      {"upgrade", GetFields({{"upgrade", "websocket"}}), 0},
      {"te other than trailers", GetFields({{"te", "gzip"}}), 0},
      {"upper-case name", GetFields({{"X-Upper", "v"}}), 0},
      {"unknown expectation", GetFields({{"expect", "payment"}}), 417},
      {"two expectations", GetFields({{"expect", "100-continue"}, {"expect", "100-continue"}}),
       417},
      {"CR in a value", GetFields({{"x", "a\rb"}}), 0},
      {"LF in a value", GetFields({{"x", "a\nb"}}), 0},
      {"NUL in a value", GetFields({{"x", std::string("a\0b", 3)}}), 0},
      {"pseudo field after fields", GetFields({{"x", "y"}, {":path", "/"}}), 0},
      {"unknown pseudo field", GetFields({{":evil", "y"}}), 0},
      {"content-length without content", GetFields({{"content-length", "5"}}), 0},
      {"two content-lengths", GetFields({{"content-length", "0"}, {"content-length", "0"}}), 0},
      {"no path", {{":method", "GET"}, {":scheme", "https"}, {":authority", "h"}}, 0},
  };
  for (const Case& each : cases) {
    Restart(service);
    service.calls = 0;
    ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders | kEndStream, 1, Block(each.fields))),
                IsOk())
        << each.name;
    EXPECT_EQ(service.calls, 0) << each.name;
    EXPECT_EQ(Status(1), each.status) << each.name;
    if (each.status == 0) EXPECT_EQ(ResetCode(1), kProtocolError) << each.name;
    EXPECT_FALSE(GoawayCode()) << each.name;
    EXPECT_EQ(session->stream_count(), 0u) << each.name;
    // The connection goes on.
    ASSERT_THAT(Feed(Frame(kHeaders, kEndHeaders | kEndStream, 3, Block(GetFields()))), IsOk());
    EXPECT_EQ(Status(3), 200) << each.name;
    EXPECT_EQ(service.calls, 1) << each.name;
  }
}

TEST_F(H2MalformedTest, AWebSocketHasOneVersionAndNoLength) {
  const std::pair<FieldList, int> cases[] = {
      {{}, 200}, {{{"content-length", "0"}}, 400}, {{{"content-length", "5"}}, 400}};
  for (auto [fields, status] : cases) {
    FakeService accept([](Request) {
      Response response;
      response.head.status = 101;
      return AtHand(std::move(response));
    });
    Restart(accept);
    fields.emplace_back("sec-websocket-version", "13");
    ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(Upgrade(fields)))), IsOk());
    EXPECT_EQ(Status(1), status);
    EXPECT_FALSE(accept.last.fields.Has("sec-websocket-version"));
  }
}

TEST_F(H2MalformedTest, ABodyThatContradictsItsContentLengthIsReset) {
  FakeService echo(Echo);
  for (const char* data : {"abc", "abcdefgh"}) {
    Restart(echo);
    FieldList fields = GetFields({{"content-length", "5"}});
    fields[0].second = "POST";
    ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(fields)) +
                     Frame(kData, kEndStream, 1, data)),
                IsOk());
    EXPECT_EQ(ResetCode(1), kProtocolError);
    EXPECT_EQ(session->stream_count(), 0u);
    EXPECT_EQ(session->buffered(), 0u);
  }
}

TEST_F(H2MalformedTest, ABodyThatIsToBeEmptyIsSoBeforeItsRequestIsAnybodys) {
  FakeService echo(Echo);
  FieldList fields = GetFields({{"content-length", "0"}});
  fields[0].second = "POST";
  for (const std::string& end : {Frame(kData, kEndStream, 1, ""), Frame(kData, 0, 1, "hello")}) {
    Restart(echo);
    echo.calls = 0;
    ASSERT_THAT(Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(fields))), IsOk());
    EXPECT_EQ(echo.calls, 0);
    ASSERT_THAT(Feed(end), IsOk());
    const bool is_good = end == Frame(kData, kEndStream, 1, "");
    EXPECT_EQ(echo.calls, is_good ? 1 : 0);
    EXPECT_EQ(Status(1), is_good ? 200 : 0);
    EXPECT_EQ(ResetCode(1).has_value(), !is_good);
    EXPECT_EQ(session->stream_count(), 0u);
  }
}

TEST_F(H2MalformedTest, TrailersAreReadAndDropped) {
  FakeService echo(Echo);
  Restart(echo);
  FieldList fields = GetFields();
  fields[0].second = "POST";
  ASSERT_THAT(
      Feed(Preface() + Frame(kHeaders, kEndHeaders, 1, Block(fields)) + Frame(kData, 0, 1, "body") +
           Frame(kHeaders, kEndHeaders | kEndStream, 1, Block({{"x-trailer", "t"}}))),
      IsOk());
  EXPECT_EQ(Status(1), 200);
  EXPECT_FALSE(echo.last.fields.Has("x-trailer"));
  EXPECT_EQ(session->stream_count(), 0u);
}

}  // namespace
}  // namespace berth::http
