// What a version-1 instance says: answers that are malformed, too large or too many, and what comes
// of whoever waits for them.
#include <gmock/gmock.h>

#include "hub/v1_peer_testing.h"
#include "store/instances.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::testing::HasSubstr;
using testing::kRegistered;
using ::testing::StartsWith;

struct V1PeerMessagesTest : testing::V1PeerFixture {};

TEST_F(V1PeerMessagesTest, AMalformedAnswerFailsItsRequestAndNothingElse) {
  auto instance = Register();
  auto broken = Begin("/broken");
  const std::string id = IdIn(instance->Next());
  auto fine = Begin("/fine");
  const std::string other_id = IdIn(instance->Next());
  instance->Say(fmt::format(
      R"({{"type":"http_proxy_response","request_id":"{}","status":"200","headers":[],"body":""}})",
      id));
  EXPECT_THAT(instance->Next(), HasSubstr(R"("type":"error")"));
  ASSERT_TRUE(broken.is_done());
  EXPECT_EQ(broken.Take()->head.status, 502);
  EXPECT_FALSE(fine.is_done());
  instance->Say(R"({"type":"of_the_future"})");
  EXPECT_EQ(instance->Next(), "");
  instance->Say(fmt::format(
      R"({{"type":"http_proxy_response","request_id":"{}","status":204,"headers":[],"body":""}})",
      other_id));
  ASSERT_TRUE(fine.is_done());
  EXPECT_EQ(fine.Take()->head.status, 204);
}

TEST_F(V1PeerMessagesTest, AnAnswerThatIsNoJsonFailsItsRequestAtOnce) {
  auto instance = Register();
  auto fine = Begin("/fine");
  instance->Next();
  const std::string rests[] = {
      R"("status":200,"headers":[],"body":"cut off)",
      R"("status":200,"status":201,"headers":[],"body":""})",
      R"("status":200,"headers":)" + std::string(20, '[') + std::string(20, ']') + "}",
      R"("status":200,"headers":[],"body":"\x"})",
  };
  for (const std::string& rest : rests) {
    auto broken = Begin("/broken");
    const std::string id = IdIn(instance->Next());
    instance->Say(fmt::format(R"({{"type":"http_proxy_response","request_id":"{}",{})", id, rest));
    EXPECT_THAT(instance->Next(), HasSubstr(R"("type":"error")"));
    ASSERT_TRUE(broken.is_done()) << rest;
    EXPECT_EQ(broken.Take()->head.status, 502) << rest;
  }
  EXPECT_FALSE(fine.is_done());
}

TEST_F(V1PeerMessagesTest, APieceOfAChatThatIsRefusedIsLostAlone) {
  struct Chat : V1Calls::Waiter {
    void OnData(const control::Json& data) override { said += data.text; }
    void OnError(const control::ErrorMessage& error) override { said += error.message; }
    std::string said;
  } chat;
  auto instance = Register();
  const auto calls = registry.Get("box-1")->link->version_1();
  const auto id = calls->Begin(chat);
  ASSERT_THAT(id, IsOk());
  const auto say = [&](std::string_view type, std::string_view data) {
    instance->Say(fmt::format(R"({{"type":"{}","request_id":"{}","data":{}}})", type, *id, data));
  };
  const std::string deep = std::string(20, '[') + std::string(20, ']');
  say("response_chunk", deep);
  say("response_chunk", "1");
  say("response", deep);
  say("response", "2");
  say("response_complete", deep);
  EXPECT_EQ(chat.said, "12a malformed answer");
  calls->Forget(*id);
}

TEST_F(V1PeerMessagesTest, HalfACharacterIsReadAsNodeReadsIt) {
  auto instance = Register();
  auto exchange = Begin();
  const std::string id = IdIn(instance->Next());
  instance->Say(fmt::format(
      R"({{"type":"http_proxy_response","request_id":"{}","status":200,"headers":[],"body":"cut \ud83d, whole \ud83d\ude00"}})",
      id));
  EXPECT_EQ(instance->Next(), "");
  ASSERT_TRUE(exchange.is_done());
  auto response = exchange.Take();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(*executor.Await(http::ReadAll(response->body.get(), 100)),
            "cut \xEF\xBF\xBD, whole \xF0\x9F\x98\x80");
}

TEST_F(V1PeerMessagesTest, AMessageBeyondTheLimitClosesTheConnection) {
  EXPECT_EQ(limits.version1_message, 32U * 1024 * 1024) << "what docs/protocol.md says";
  limits.version1_message = 100'000;
  auto instance = Register();
  auto exchange = Begin();
  const std::string id = IdIn(instance->Next());
  const auto answer = [&id](std::size_t size) {
    std::string text = fmt::format(
        R"({{"type":"http_proxy_response","request_id":"{}","status":200,"headers":[],"body":")",
        id);
    text.append(size - text.size() - 2, 'x');
    return text + "\"}";
  };
  instance->Say(answer(100'000));
  EXPECT_TRUE(exchange.is_done());
  auto unanswered = Begin();
  instance->Next();
  instance->Say(answer(100'001));
  EXPECT_THAT(instance->Next(), StartsWith("close 1009"));
  ASSERT_TRUE(unanswered.is_done());
  EXPECT_THAT(unanswered.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_FALSE(IsLive());
}

TEST_F(V1PeerMessagesTest, BinaryFramesAreRefused) {
  auto instance = Register();
  instance->SayBinary();
  EXPECT_THAT(instance->Next(), StartsWith("close 1003"));
  EXPECT_FALSE(IsLive());
}

TEST_F(V1PeerMessagesTest, UnfinishedMessagesOfOneUserAreBoundedInAll) {
  limits.version1_message = 4096;
  limits.control_message = 1024;
  std::string part;
  http::AppendFrame(part, http::WebSocketOpcode::kText, std::string(4000, ' '), http::MaskKey{});
  const std::string rest = part.substr(3800);
  part.resize(3800);
  std::vector<std::unique_ptr<http::testing::ManualSource>> sources;
  std::vector<http::Response> connections;
  const auto connect = [&] {
    auto& source = sources.emplace_back(std::make_unique<http::testing::ManualSource>(executor));
    testing::SocketEnd end(executor);
    auto request = end.Upgrade(fmt::format("/ws/connect?token={}", token));
    request.body = std::make_unique<http::testing::ManualBody>(*source);
    connections.push_back(executor.Await(endpoint.Accept(std::move(request))).value());
    source->Push(part);
    executor.RunUntilIdle();
  };
  for (int i = 0; i < 4; ++i) connect();
  EXPECT_EQ(sockets.size(), 4U);
  connect();  // 19,000 bytes would be more than four messages.
  EXPECT_EQ(sockets.size(), 4U);
  sources[0]->Finish();
  executor.RunUntilIdle();
  EXPECT_EQ(sockets.size(), 3U);
  connect();
  EXPECT_EQ(sockets.size(), 4U);
  sources[1]->Push(rest);  // Its message is whole.
  executor.RunUntilIdle();
  connect();
  EXPECT_EQ(sockets.size(), 5U);
  for (const auto& source : sources) source->Finish();
  executor.RunUntilIdle();
  EXPECT_EQ(sockets.size(), 0U);
}

TEST_F(V1PeerMessagesTest, WhatAnInstanceSaysFillsNoLog) {
  limits.ping_after = limits.ping_answer = std::chrono::hours(1);
  auto instance = Register();
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) {
    instance->Say(fmt::format(R"({{"type":"error","message":"trouble {}"}})", i));
    instance->Say(Registration("box-1", token));
    EXPECT_EQ(instance->Next(), kRegistered);
  }
  Pass(std::chrono::seconds(10));
  instance->Say(R"({"type":"error","message":"more"})");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 2) << log;
  EXPECT_THAT(log, HasSubstr("trouble 0\n"));
  EXPECT_THAT(log, HasSubstr("more (99 reports before were left out)\n"));
}

}  // namespace
}  // namespace berth::hub
