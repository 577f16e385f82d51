#include "control/message.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::control {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

// Some sender that may send this message.
Sender SenderOf(const Message& message) {
  return std::visit(
      []<class T>(const T&) {
        if constexpr (!std::is_same_v<T, Unknown>) {
          for (Sender sender :
               {Sender::kAgent, Sender::kHubToAgent, Sender::kBrowser, Sender::kHubToBrowser}) {
            if (MaySend(T::kSenders, sender)) return sender;
          }
        }
        return Sender::kAgent;
      },
      message);
}

const WallTime kTime{std::chrono::milliseconds(1'769'903'999'123)};

// A message and its exact text.
struct Case {
  Message message;
  std::string_view text;
};

std::vector<Case> Cases() {
  Client client;
  client.id = "x-1";
  client.user_id = 7;
  client.metadata.hostname = "x";
  client.metadata.project = "/p";
  client.metadata.status = Status::kDisconnected;
  client.metadata.last_activity = kTime;
  client.metadata.state = State::kOffline;
  client.metadata.state_since = kTime;
  client.connected_at = kTime;
  client.last_seen = kTime;
  Client busy = client;
  busy.metadata.status = Status::kBusy;
  busy.metadata.state = State::kError;
  busy.metadata.traffic.in = 1;
  busy.metadata.no_answer = true;
  busy.metadata.awaits_status = true;
  Metadata metadata;
  metadata.hostname = "x";
  metadata.status = Status::kIdle;
  metadata.labels = {{"room", "attic"}};
  const SessionInfo session{.id = "s",
                            .title = {},
                            .project = {},
                            .provider = {},
                            .is_busy = false,
                            .needs_you = true,
                            .reason = "permission",
                            .state = SessionState::kNeedsYou};
  SessionInfo asking = session;
  asking.since = kTime;
  asking.question = Question{.id = "q",
                             .kind = Question::Kind::kQuestion,
                             .tool = "AskUserQuestion",
                             .text = R"({"a":1})",
                             .is_cut = true,
                             .asked_at = kTime};
  const SessionInfo failed{.id = "s", .state = SessionState::kError, .error = "no"};
  return {
      {Register{.client_id = "x-1", .user_token = "", .metadata = metadata},
       R"({"type":"register","client_id":"x-1","metadata":{"hostname":"x","status":"idle","labels":{"room":"attic"}}})"},
      {Register{.client_id = "x-1", .user_token = "", .metadata = {}, .tunnel = "t"},
       R"({"type":"register","client_id":"x-1","metadata":{},"tunnel":"t"})"},
      {StatusUpdate{.client_id = "x-1", .status = Status::kBusy, .needs_you = {}, .sessions = {}},
       R"({"type":"status_update","client_id":"x-1","status":"busy"})"},
      {StatusUpdate{
           .client_id = "x-1", .status = Status::kBusy, .needs_you = true, .sessions = {session}},
       R"({"type":"status_update","client_id":"x-1","status":"busy","needs_you":true,"sessions":[{"id":"s","needs_you":true,"reason":"permission","state":"needs_you"}]})"},
      {StatusUpdate{.client_id = "x-1",
                    .status = Status::kBusy,
                    .sessions = {asking, failed},
                    .state = State::kNeedsYou},
       R"({"type":"status_update","client_id":"x-1","status":"busy","sessions":[{"id":"s","needs_you":true,"reason":"permission","state":"needs_you","since":"2026-01-31T23:59:59.123Z","question":{"id":"q","kind":"question","tool":"AskUserQuestion","text":"{\"a\":1}","is_cut":true,"asked_at":"2026-01-31T23:59:59.123Z"}},{"id":"s","state":"error","error":"no"}],"state":"needs_you"})"},
      {StatusUpdate{
           .client_id = "x-1", .status = Status::kIdle, .version = "1.37.3", .adapter = "generic"},
       R"({"type":"status_update","client_id":"x-1","status":"idle","version":"1.37.3","adapter":"generic"})"},
      {AnswerResult{.request_id = "r", .outcome = AnswerResult::Outcome::kGone},
       R"({"type":"answer_result","request_id":"r","outcome":"gone"})"},
      {AnswerResult{.request_id = "r", .outcome = AnswerResult::Outcome::kFailed, .message = "no"},
       R"({"type":"answer_result","request_id":"r","outcome":"failed","message":"no"})"},
      {AnswerResult{.request_id = "r", .outcome = AnswerResult::Outcome::kUnconfirmed},
       R"({"type":"answer_result","request_id":"r","outcome":"unconfirmed"})"},
      {Answer{.request_id = "r",
              .session_id = "s",
              .question_id = "q",
              .allow = true,
              .assertion = "p.s"},
       R"({"type":"answer","request_id":"r","session_id":"s","question_id":"q","allow":true,"assertion":"p.s"})"},
      {Answer{.request_id = "r",
              .session_id = "s",
              .question_id = "q",
              .message = "not now",
              .answers = {{"Which?", "Blue"}},
              .assertion = "p.s"},
       R"({"type":"answer","request_id":"r","session_id":"s","question_id":"q","allow":false,"message":"not now","answers":{"Which?":"Blue"},"assertion":"p.s"})"},
      {Seen{.session_id = "s", .assertion = "p.s"},
       R"({"type":"seen","session_id":"s","assertion":"p.s"})"},
      {Ping{"x-1"}, R"({"type":"ping","client_id":"x-1"})"},
      {Ping{}, R"({"type":"ping"})"},
      {HttpProxyResponse{
           .request_id = "r", .status = 200, .headers = {{"a", "b"}, {"a", "c"}}, .body = "hi\n"},
       R"({"type":"http_proxy_response","request_id":"r","status":200,"headers":[["a","b"],["a","c"]],"body":"hi\n"})"},
      {UserResponse{"r", {R"({"a": 1.10, "b": [1e400, "\u00fc"]})"}},
       R"({"type":"response","request_id":"r","data":{"a": 1.10, "b": [1e400, "\u00fc"]}})"},
      {UserResponseChunk{"r", {"null"}},
       R"({"type":"response_chunk","request_id":"r","data":null})"},
      {UserResponseComplete{"r", std::nullopt}, R"({"type":"response_complete","request_id":"r"})"},
      {ErrorMessage{"", "no", true}, R"({"type":"error","message":"no","auth_error":true})"},
      {Registered{.success = true, .message = "", .hub = {}},
       R"({"type":"registered","success":true})"},
      {Registered{.success = false,
                  .message = "taken",
                  .hub = {.version = "0.1", .url = "https://h/", .keys = {}}},
       R"({"type":"registered","success":false,"message":"taken","hub":{"version":"0.1","url":"https://h/"}})"},
      {Registered{
           .success = true,
           .message = "",
           .hub = {.version = "", .url = "", .keys = {{"new", {{"1f", "sig"}}}, {"old", {}}}}},
       R"({"type":"registered","success":true,"hub":{"keys":[{"public_key":"new","endorsements":[{"key_id":"1f","signature":"sig"}]},{"public_key":"old"}]}})"},
      {HubKeys{{{"new", {{"1f", "sig"}}}}},
       R"({"type":"hub_keys","keys":[{"public_key":"new","endorsements":[{"key_id":"1f","signature":"sig"}]}]})"},
      {Pong{"x-1"}, R"({"type":"pong","client_id":"x-1"})"},
      {Command{Command::Kind::kDisconnect}, R"({"type":"command","command":"disconnect"})"},
      {Command{Command::Kind::kRefreshStatus}, R"({"type":"command","command":"refresh_status"})"},
      {Fenced{"newer"}, R"({"type":"fenced","message":"newer"})"},
      {Drain{}, R"({"type":"drain"})"},
      {HttpProxyRequest{.request_id = "r",
                        .method = "GET",
                        .path = "/a",
                        .headers = {},
                        .body = std::nullopt,
                        .query = "x=1",
                        .proxy_base = "/clients/x/proxy"},
       R"({"type":"http_proxy_request","request_id":"r","method":"GET","path":"/a","headers":[],"query":"x=1","proxy_base":"/clients/x/proxy"})"},
      {UserRequest{"r", "close", {"{}"}},
       R"({"type":"user_request","request_id":"r","action":"close","payload":{}})"},
      {UserRequestFollowUp{"r", {"[]"}},
       R"({"type":"user_request_follow_up","request_id":"r","payload":[]})"},
      {GetClients{}, R"({"type":"get_clients"})"},
      {GetClients{.vitals = true}, R"({"type":"get_clients","vitals":true})"},
      {ClientList{{client}},
       R"({"type":"client_list","clients":[{"id":"x-1","user_id":7,"metadata":{"hostname":"x","project":"/p","status":"disconnected","last_activity":"2026-01-31T23:59:59.123Z","state":"offline","state_since":"2026-01-31T23:59:59.123Z"},"connected_at":"2026-01-31T23:59:59.123Z","last_seen":"2026-01-31T23:59:59.123Z"}]})"},
      {ClientList{.clients = {}, .more = true},
       R"({"type":"client_list","clients":[],"more":true})"},
      {ClientListEnd{}, R"({"type":"client_list_end"})"},
      {ClientUpdate{client},
       R"({"type":"client_update","client":{"id":"x-1","user_id":7,"metadata":{"hostname":"x","project":"/p","status":"disconnected","last_activity":"2026-01-31T23:59:59.123Z","state":"offline","state_since":"2026-01-31T23:59:59.123Z"},"connected_at":"2026-01-31T23:59:59.123Z","last_seen":"2026-01-31T23:59:59.123Z"}})"},
      {ClientUpdate{busy},
       R"({"type":"client_update","client":{"id":"x-1","user_id":7,"metadata":{"hostname":"x","project":"/p","status":"busy","last_activity":"2026-01-31T23:59:59.123Z","state":"error","state_since":"2026-01-31T23:59:59.123Z","traffic":{"in":1,"out":0},"no_answer":true,"awaits_status":true},"connected_at":"2026-01-31T23:59:59.123Z","last_seen":"2026-01-31T23:59:59.123Z"}})"},
      {ClientDisconnected{"x-1"}, R"({"type":"client_disconnected","client_id":"x-1"})"},
      {ClientRemoved{"x-1"}, R"({"type":"client_removed","client_id":"x-1"})"},
      {ClientVitals{{{.id = "x-1", .latency_ms = 3, .traffic = {.in = 1, .out = 2}}, {.id = "y"}}},
       R"({"type":"client_vitals","clients":[{"id":"x-1","latency_ms":3,"traffic":{"in":1,"out":2}},{"id":"y"}]})"},
      {ConnectClient{"x-1"}, R"({"type":"connect_client","client_id":"x-1"})"},
      {ConnectResponse{.success = true, .client_id = "x-1", .url = "/u", .message = ""},
       R"({"type":"connect_response","success":true,"client_id":"x-1","url":"/u"})"},
      {ForwardToClient{"x-1", "r", "close", {"{}"}},
       R"({"type":"forward_to_client","client_id":"x-1","request_id":"r","action":"close","payload":{}})"},
      {ForwardedResponse{"x-1", "r", {"1"}, false},
       R"({"type":"forwarded_response","client_id":"x-1","request_id":"r","data":1,"complete":false})"},
  };
}

TEST(MessageTest, WritesEveryTypeAsTheWireHasIt) {
  for (const Case& c : Cases()) EXPECT_EQ(Serialise(c.message), c.text);
}

TEST(MessageTest, ReadsEveryTypeBack) {
  for (const Case& c : Cases()) {
    auto message = Parse(c.text, SenderOf(c.message));
    ASSERT_THAT(message, IsOk()) << c.text;
    EXPECT_TRUE(*message == c.message) << c.text;
  }
}

TEST(MessageTest, RefusesEveryTruncation) {
  for (const Case& c : Cases()) {
    for (std::size_t size = 0; size < c.text.size(); ++size) {
      EXPECT_THAT(Parse(c.text.substr(0, size), SenderOf(c.message)),
                  FailsWith(ErrorKind::kInvalid));
    }
  }
}

TEST(MessageTest, TakesEachTypeFromItsSendersOnly) {
  for (const Case& c : Cases()) {
    int accepted = 0;
    for (Sender sender :
         {Sender::kAgent, Sender::kHubToAgent, Sender::kBrowser, Sender::kHubToBrowser}) {
      auto message = Parse(c.text, sender);
      if (message) {
        ++accepted;
      } else {
        EXPECT_EQ(message.error().kind, ErrorKind::kForbidden) << c.text;
      }
    }
    EXPECT_GE(accepted, 1);
  }
  // An agent's token must not drive other machines, nor a page pretend to be an agent.
  EXPECT_THAT(
      Parse(
          R"({"type":"forward_to_client","client_id":"a","request_id":"r","action":"x","payload":1})",
          Sender::kAgent),
      FailsWith(ErrorKind::kForbidden));
  EXPECT_THAT(Parse(R"({"type":"command","command":"disconnect"})", Sender::kAgent),
              FailsWith(ErrorKind::kForbidden));
  EXPECT_THAT(Parse(R"({"type":"register","client_id":"a","metadata":{}})", Sender::kBrowser),
              FailsWith(ErrorKind::kForbidden));
}

TEST(MessageTest, IgnoresUnknownFieldsAndTypes) {
  auto unknown = Parse(R"({"type":"from_the_future","x":[{}]})", Sender::kAgent);
  ASSERT_THAT(unknown, IsOk());
  EXPECT_TRUE(*unknown == Message(Unknown{"from_the_future"}));
  auto ping =
      Parse(R"( { "extra" : {"a":[":"]} , "client_id" : "x" , "type" : "ping" } )", Sender::kAgent);
  ASSERT_THAT(ping, IsOk());
  EXPECT_TRUE(*ping == Message(Ping{"x"}));
}

TEST(MessageTest, ReadsTheRegisterOfAVersion1Instance) {
  auto message = Parse(
      R"({"type":"register","client_id":"box-42","user_token":"ao_1_2","metadata":{"hostname":"box","platform":"linux","project":"/src","status":"idle","version":"1.13.6","callback_url":null,"nested":{"a":1}}})",
      Sender::kAgent);
  ASSERT_THAT(message, IsOk());
  const auto& reg = std::get<Register>(*message);
  EXPECT_EQ(reg.user_token, "ao_1_2");
  EXPECT_EQ(reg.metadata.project, "/src");
  EXPECT_EQ(reg.metadata.status, Status::kIdle);
}

TEST(MessageTest, MayLeaveOutMetadataThatIsWrong) {
  const std::string_view text =
      R"({"type":"register","client_id":"a","metadata":{"hostname":7,"project":"/p","status":"starting","labels":[1]}})";
  EXPECT_THAT(Parse(text, Sender::kAgent), FailsWith(ErrorKind::kInvalid));
  auto message = Parse(text, Sender::kAgent, kMaxMessage, MetadataReading::kLenient);
  ASSERT_THAT(message, IsOk());
  const Metadata& metadata = std::get<Register>(*message).metadata;
  EXPECT_EQ(metadata.project, "/p");
  EXPECT_EQ(metadata.hostname, "");
  EXPECT_EQ(metadata.status, std::nullopt);
  EXPECT_TRUE(metadata.labels.empty());
  EXPECT_THAT(Parse(R"({"type":"register","client_id":1,"metadata":{}})", Sender::kAgent,
                    kMaxMessage, MetadataReading::kLenient),
              FailsWith(ErrorKind::kInvalid));
}

TEST(MessageTest, KeepsJsonValuesAsTheyCame) {
  auto message = Parse(
      R"({"type":"response" , "data" : [ "}" , {"k\\\"":"]"}, 12345678901234567890123 ] ,"request_id":"r"})",
      Sender::kAgent);
  ASSERT_THAT(message, IsOk());
  EXPECT_EQ(std::get<UserResponse>(*message).data.text,
            R"([ "}" , {"k\\\"":"]"}, 12345678901234567890123 ])");
  // The key may be escaped; the value is still the right one.
  auto escaped =
      Parse(R"({"x":1,"d\u0061ta":2,"type":"response","request_id":"r"})", Sender::kAgent);
  ASSERT_THAT(escaped, IsOk());
  EXPECT_EQ(std::get<UserResponse>(*escaped).data.text, "2");
}

TEST(MessageTest, WritesWhatAPeerWillTake) {
  Register reg;
  reg.client_id = "a";
  reg.metadata.hostname = "caf\xE9";  // Latin-1, as some machines have it.
  reg.metadata.project = std::string(5000, 'p');
  reg.metadata.labels["bad\xFF"] = "dropped";
  reg.metadata.labels["quote\""] = "\x01\t";
  for (int i = 0; i < 200; ++i) reg.metadata.labels[fmt::format("l{}", i)] = "";
  auto message = Parse(Serialise(reg), Sender::kAgent);
  ASSERT_THAT(message, IsOk());
  const Metadata& metadata = std::get<Register>(*message).metadata;
  EXPECT_EQ(metadata.hostname, "caf\xEF\xBF\xBD");
  EXPECT_EQ(metadata.project.size(), 2048u);
  EXPECT_EQ(metadata.labels.size(), 64u);
  EXPECT_FALSE(metadata.labels.contains("bad\xFF"));
}

// Peers that are older than a session's state do not send it, and do not miss it.
TEST(MessageTest, WhatAnOlderPeerLeavesOutHasADefault) {
  auto message = Parse(
      R"({"type":"status_update","client_id":"a","status":"busy","sessions":[{"id":"s","is_busy":true}]})",
      Sender::kAgent);
  ASSERT_THAT(message, IsOk());
  const auto& update = std::get<StatusUpdate>(*message);
  EXPECT_EQ(update.state, std::nullopt);
  EXPECT_EQ(update.sessions[0].state, SessionState::kBusy);
  EXPECT_EQ(update.sessions[0].question, std::nullopt);
}

TEST(MessageTest, ChecksInstanceIds) {
  for (std::string_view id : {"a", "box-42", "My_Host.local-1", "-"}) {
    EXPECT_TRUE(IsValidInstanceId(id)) << id;
  }
  for (std::string_view id :
       {"", ".", "..", ".hidden", "a/b", "a b", "a%2f", "\xC3\xBC", "a\"", "<b>"}) {
    EXPECT_FALSE(IsValidInstanceId(id)) << id;
  }
  EXPECT_TRUE(IsValidInstanceId(std::string(128, 'a')));
  EXPECT_FALSE(IsValidInstanceId(std::string(129, 'a')));
}

}  // namespace
}  // namespace berth::control
