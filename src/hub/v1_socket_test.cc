// A page's chat socket at a version-1 instance, whose end of the wire the test is.
#include "hub/v1_socket.h"

#include <gmock/gmock.h>

#include "hub/hub_testing.h"

namespace berth::hub {
namespace {

struct V1SocketTest : testing::HubFixture {
  std::vector<control::Message> sent;
  bool is_draining = false;  ///< Ends with the last request.
  std::shared_ptr<V1Calls> calls = std::make_shared<V1Calls>(
      "box-1", 2,
      [this](const control::Message& message) -> Result<void> {
        sent.push_back(message);
        return Ok();
      },
      [this] {
        if (is_draining) calls->Close();
      },
      SystemRandom());

  std::unique_ptr<testing::SocketEnd> Open(std::string target = "/ws?token=x") {
    auto page = std::make_unique<testing::SocketEnd>(executor);
    page->Attach(OpenV1Socket(hub, calls, page->Upgrade(std::move(target))));
    executor.RunUntilIdle();
    return page;
  }
  template <class T>
  const T& Last() {
    return std::get<T>(sent.back());
  }
  std::string Begin(testing::SocketEnd& page, std::string_view text = R"({"type":"chat.send"})") {
    page.Say(text);
    return Last<control::UserRequest>().request_id;
  }
  bool Deliver(control::Message message) {
    const bool is_taken = calls->Deliver(std::move(message));
    executor.RunUntilIdle();
    return is_taken;
  }
};

TEST_F(V1SocketTest, TheFirstMessageBeginsARequestAndLaterOnesFollowUp) {
  auto page = Open();
  EXPECT_TRUE(sent.empty());
  page->Say(R"({"type":"claude-command","command":"hi","options":{"a":[1]}})");
  const std::string id = Last<control::UserRequest>().request_id;
  EXPECT_EQ(Last<control::UserRequest>().action, "claude-command");
  EXPECT_EQ(Last<control::UserRequest>().payload.text, R"({"command":"hi","options":{"a":[1]}})");
  page->Say(R"({"type":"abort-session","sessionId":"s"})");
  EXPECT_EQ(Last<control::UserRequestFollowUp>().request_id, id);
  EXPECT_EQ(Last<control::UserRequestFollowUp>().payload.text,
            R"({"type":"abort-session","sessionId":"s"})");
  EXPECT_EQ(sent.size(), 2U);
}

TEST_F(V1SocketTest, WhatTheInstanceSaysComesAsFrames) {
  auto page = Open();
  const std::string id = Begin(*page);
  EXPECT_TRUE(Deliver(control::UserResponseChunk{.request_id = id, .data = {R"({"a":1})"}}));
  EXPECT_EQ(page->Next(), R"({"a":1})");
  EXPECT_TRUE(Deliver(control::UserResponse{.request_id = id, .data = {R"("text")"}}));
  EXPECT_EQ(page->Next(), "text");
}

TEST_F(V1SocketTest, AfterAnAnswerWithoutCodeTheNextMessageBeginsAnotherRequest) {
  auto page = Open();
  const std::string first = Begin(*page);
  EXPECT_TRUE(Deliver(control::UserResponseComplete{.request_id = first}));
  EXPECT_EQ(page->Next(), "");
  EXPECT_FALSE(Deliver(control::UserResponseChunk{.request_id = first, .data = {"1"}}));
  const std::string second = Begin(*page);
  EXPECT_NE(first, second);
  EXPECT_TRUE(Deliver(control::UserResponseComplete{.request_id = second, .data = {{"[1]"}}}));
  EXPECT_EQ(page->Next(), "[1]");
}

TEST_F(V1SocketTest, AnAnswerWithACodeCloses) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"code":4123,"reason":"over"})", "close 4123 over"},
      {R"({"code":1005,"reason":"no code to send"})", "close 1000 no code to send"},
      {R"({"code":99999})", "close 1000 "}};
  for (const auto& [data, expected] : cases) {
    auto page = Open();
    EXPECT_TRUE(Deliver(
        control::UserResponseComplete{.request_id = Begin(*page), .data = control::Json{data}}));
    EXPECT_EQ(page->Next(), expected) << data;
    EXPECT_EQ(calls->size(), 0U);
  }
}

TEST_F(V1SocketTest, AnErrorIsAFrameAndEndsItsRequest) {
  auto page = Open();
  EXPECT_TRUE(
      Deliver(control::ErrorMessage{.request_id = Begin(*page), .message = "unknown session"}));
  EXPECT_EQ(page->Next(), R"({"error":"unknown session","type":"error"})");
  EXPECT_EQ(calls->size(), 0U);
  Begin(*page);
  EXPECT_EQ(calls->size(), 1U);
}

TEST_F(V1SocketTest, TheInstanceIsToldWhenThePageLeaves) {
  for (const bool is_closed : {true, false}) {
    auto page = Open();
    const std::string id = Begin(*page);
    is_draining = !is_closed;  // The last one.
    if (is_closed) {
      page->Close();
    } else {
      page->Break();
    }
    EXPECT_EQ(Last<control::UserRequestFollowUp>().request_id, id);
    EXPECT_EQ(Last<control::UserRequestFollowUp>().payload.text,
              R"({"type":"close","action":"close"})");
    EXPECT_EQ(calls->size(), 0U);
    EXPECT_EQ(sockets.size(), 0U);
  }
}

TEST_F(V1SocketTest, TheInstanceHearsNothingOfAPageThatSaidNothing) {
  Open()->Close();
  EXPECT_TRUE(sent.empty());
}

TEST_F(V1SocketTest, ThePageIsToldWhenTheInstanceLeaves) {
  auto busy = Open();
  Begin(*busy);
  calls->Close();
  executor.RunUntilIdle();
  EXPECT_EQ(busy->Next(), "close 1001 the instance went away");
  auto late = Open();
  late->Say(R"({"type":"chat.send"})");
  EXPECT_EQ(late->Next(), R"({"error":"the instance is not connected","type":"error"})");
}

TEST_F(V1SocketTest, SocketsRunSideBySideAndAreBounded) {
  auto one = Open();
  auto two = Open();
  auto three = Open();
  const std::string first = Begin(*one);
  const std::string second = Begin(*two);
  three->Say(R"({"type":"chat.send"})");
  EXPECT_EQ(three->Next(), R"({"error":"the instance has too many requests","type":"error"})");
  EXPECT_TRUE(Deliver(control::UserResponseChunk{.request_id = second, .data = {"2"}}));
  EXPECT_TRUE(Deliver(control::UserResponseChunk{.request_id = first, .data = {"1"}}));
  EXPECT_EQ(one->Next(), "1");
  EXPECT_EQ(two->Next(), "2");
}

TEST_F(V1SocketTest, WhatIsNoChatMessageIsAnsweredAndWhatIsNoTextCloses) {
  auto page = Open();
  for (const char* text : {"no JSON", "[]", "{}", R"({"type":1})"}) {
    page->Say(text);
    EXPECT_THAT(page->Next(), ::testing::HasSubstr(R"("type":"error")")) << text;
  }
  EXPECT_TRUE(sent.empty());
  page->SayBinary();
  EXPECT_THAT(page->Next(), ::testing::StartsWith("close 1003"));
  limits.version1_request = 100;
  auto other = Open();
  other->Say(std::string(101, ' '));
  EXPECT_THAT(other->Next(), ::testing::StartsWith("close 1009"));
}

TEST_F(V1SocketTest, WhatCannotBeCarriedClosesWithTheReason) {
  EXPECT_EQ(Open("/shell?token=x")->Next(),
            "close 4001 This instance speaks protocol version 1, which cannot carry the terminal.");
  for (const char* target : {"/plugin-ws/a", "/ws/", "/WS", "/"}) {
    EXPECT_EQ(
        Open(target)->Next(),
        "close 4001 This instance speaks protocol version 1, which cannot carry this WebSocket.")
        << target;
  }
  EXPECT_TRUE(sent.empty());
}

TEST_F(V1SocketTest, TheFirstSubprotocolOfAPageIsItsSockets) {
  for (const char* target : {"/shell", "/ws"}) {
    for (const auto& [offered, answered] : {std::pair("vite-hmr", "vite-hmr"), {"a , b", "a"}}) {
      testing::SocketEnd page(executor);
      http::Request request = page.Upgrade(target);
      request.head.fields.Add("sec-websocket-protocol", offered);
      auto response = OpenV1Socket(hub, calls, std::move(request));
      EXPECT_EQ(response.head.fields.Find("sec-websocket-protocol"), answered);
      page.Attach(std::move(response));
    }
    testing::SocketEnd plain(executor);
    auto response = OpenV1Socket(hub, calls, plain.Upgrade(target));
    EXPECT_FALSE(response.head.fields.Has("sec-websocket-protocol"));
    plain.Attach(std::move(response));
  }
}

}  // namespace
}  // namespace berth::hub
