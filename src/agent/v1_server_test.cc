// What a hub of version 1 asks of the agent; the test is the hub, and has the instance.
#include "agent/v1_server.h"

#include <gmock/gmock.h>

#include <map>

#include "base/executor_testing.h"
#include "base/result_testing.h"

namespace berth::agent {
namespace {

using berth::testing::IsOk;
using berth::testing::TestExecutor;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// An instance that answers when the test says so.
class HeldInstance : public http::Service {
 public:
  explicit HeldInstance(Executor& executor) : executor_(executor) {}

  Task<Result<http::Response>> Exchange(http::Request request) override {
    const std::string target = request.head.target;
    heads.push_back(request.head);
    if (request.head.is_upgrade()) co_return Accept(std::move(request));
    auto body = co_await http::ReadAll(request.body.get(), 1 << 20);
    bodies.push_back(body ? *body : body.error().ToString());
    ++running;
    const Leave leave{*this};
    Event& answered = EventOf(target);
    co_await answered.Wait();
    auto answer = answers.find(target);
    if (answer == answers.end()) co_return Unavailable("no answer");
    http::Response response = std::move(answer->second);
    answers.erase(answer);
    co_return response;
  }
  void Answer(const std::string& target, http::Response response) {
    answers.insert_or_assign(target, std::move(response));
    EventOf(target).Set();
  }

  std::vector<http::RequestHead> heads;
  std::vector<std::string> bodies;
  int running = 0;  ///< Requests that wait for an answer.
  std::vector<std::unique_ptr<http::WebSocketChannel>> chats;

 private:
  struct Leave {
    HeldInstance& instance;
    ~Leave() { --instance.running; }
  };
  http::Response Accept(http::Request request) {
    http::Response response;
    response.head.status = 101;
    chats.push_back(std::make_unique<http::WebSocketChannel>(
        executor_, http::WebSocketRole::kAcceptor, std::move(request.body),
        http::WebSocketChannel::Options()));
    response.body = chats.back()->TakeOutgoing();
    return response;
  }
  Event& EventOf(const std::string& target) {
    return events_.try_emplace(target, executor_).first->second;
  }

  Executor& executor_;
  std::map<std::string, http::Response> answers;
  std::map<std::string, Event> events_;
};

class V1ServerTest : public ::testing::Test {
 protected:
  void Take(const control::Message& message) {
    server_.OnMessage(message);
    executor_.RunUntilIdle();
  }
  void Ask(std::string id, std::string path, std::string method = "GET") {
    control::HttpProxyRequest request;
    request.request_id = std::move(id);
    request.method = std::move(method);
    request.path = std::move(path);
    Take(request);
  }
  void Answer(const std::string& target, http::Response response) {
    instance_.Answer(target, std::move(response));
    executor_.RunUntilIdle();
  }
  void Answer(const std::string& target, std::string text = "page",
              std::string_view type = "text/plain") {
    Answer(target, http::TextResponse(200, type, std::move(text)));
  }
  /// What the hub was told since the last call, in short.
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    for (const auto& message : std::exchange(sent_, {})) {
      if (const auto* error = std::get_if<control::ErrorMessage>(&message)) {
        told.push_back(fmt::format("{}! {}", error->request_id, error->message));
      } else if (const auto* chunk = std::get_if<control::UserResponseChunk>(&message)) {
        told.push_back(fmt::format("{} {}", chunk->request_id, chunk->data.text));
      } else if (const auto* end = std::get_if<control::UserResponseComplete>(&message)) {
        told.push_back(fmt::format("{}. {}", end->request_id, end->data ? end->data->text : ""));
      } else {
        const auto& answer = std::get<control::HttpProxyResponse>(message);
        told.push_back(fmt::format("{} {} {}", answer.request_id, answer.status, answer.body));
      }
    }
    return told;
  }
  control::HttpProxyResponse OneResponse() {
    EXPECT_EQ(sent_.size(), 1U);
    auto sent = std::exchange(sent_, {});
    return std::get<control::HttpProxyResponse>(sent.at(0));
  }
  void Chat(std::string id, std::string action, std::string payload = "{}") {
    Take(control::UserRequest{
        .request_id = std::move(id), .action = std::move(action), .payload = {std::move(payload)}});
  }
  void FollowUp(std::string id, std::string payload) {
    Take(
        control::UserRequestFollowUp{.request_id = std::move(id), .payload = {std::move(payload)}});
  }
  /// The next frame on the instance's chat socket of that number.
  std::string Said(std::size_t chat = 0) {
    auto event = executor_.Await(instance_.chats.at(chat)->Receive());
    if (!event) return event.error().message;
    if (event->kind == http::WebSocketEvent::Kind::kClose) {
      return fmt::format("close {}", event->code);
    }
    return std::string(event->text());
  }
  void Say(std::string_view text, std::size_t chat = 0) {
    ASSERT_THAT(instance_.chats.at(chat)->SendText(text), IsOk());
    executor_.RunUntilIdle();
  }

  TestExecutor executor_;
  Limits limits_;
  HeldInstance instance_{executor_};
  std::vector<control::Message> sent_;
  V1Server server_{executor_,
                   limits_,
                   {.scheme = "https", .authority = "old.example"},
                   instance_,
                   [this](const control::Message& message) -> Result<void> {
                     sent_.push_back(message);
                     return Ok();
                   }};
};

TEST_F(V1ServerTest, ARequestIsAskedOfTheInstance) {
  control::HttpProxyRequest request;
  request.request_id = "r";
  request.method = "POST";
  request.path = "/api/x";
  request.query = "a=1";
  request.headers = {{"X-One", "1"}, {"Connection", "x-hop"}, {"x-hop", "1"}};
  request.body = "h\xc3\xa9llo";
  request.proxy_base = "/clients/box/proxy";
  Take(request);
  ASSERT_EQ(instance_.heads.size(), 1U);
  const auto& head = instance_.heads[0];
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/api/x?a=1");
  EXPECT_EQ(head.scheme, "https");
  EXPECT_EQ(head.authority, "old.example");
  EXPECT_EQ(head.fields.Find("x-one"), "1");
  EXPECT_FALSE(head.fields.Has("x-hop"));
  EXPECT_EQ(head.fields.Find("x-forwarded-prefix"), "/clients/box/proxy");
  EXPECT_EQ(instance_.bodies[0], "h\xc3\xa9llo");
  EXPECT_THAT(Told(), IsEmpty());
  Answer("/api/x?a=1");
  EXPECT_THAT(Told(), ::testing::ElementsAre("r 200 page"));
}

TEST_F(V1ServerTest, RequestsRunSideBySideAndAreAnsweredAsTheInstanceDoes) {
  for (int i = 0; i < 20; ++i) Ask(fmt::format("r{}", i), fmt::format("/{}", i));
  EXPECT_EQ(instance_.running, 20);
  for (int i = 19; i >= 0; --i) {
    Answer(fmt::format("/{}", i), fmt::format("body {}", i));
    EXPECT_THAT(Told(), ::testing::ElementsAre(fmt::format("r{} 200 body {}", i, i)));
  }
  EXPECT_EQ(instance_.running, 0);
}

TEST_F(V1ServerTest, ARequestSentTwiceIsAskedOnceAndAnsweredOnce) {
  Ask("r", "/a");
  Ask("r", "/a");
  Ask("r", "/b");
  EXPECT_EQ(instance_.running, 1);
  Answer("/a");
  EXPECT_THAT(Told(), ::testing::ElementsAre("r 200 page"));
  Ask("r", "/c");
  EXPECT_EQ(instance_.running, 1) << "an id that is over may be used again";
}

TEST_F(V1ServerTest, WhatIsNotTextIsBase64) {
  Ask("r", "/picture");
  Answer("/picture", std::string("\x89PNG\r\n\xff\0", 8), "image/png");
  const auto answer = OneResponse();
  EXPECT_EQ(answer.body, "iVBORw0K/wA=");
  EXPECT_THAT(answer.headers, ::testing::Contains(std::pair<std::string, std::string>(
                                  "x-orch-encoding", "base64")));
  Ask("s", "/text");
  auto response = http::TextResponse(200, "text/plain", "h\xc3\xa9");
  response.head.fields.Add("x-orch-encoding", "base64");
  Answer("/text", std::move(response));
  const auto text = OneResponse();
  EXPECT_EQ(text.body, "h\xc3\xa9");
  for (const auto& [name, value] : text.headers) EXPECT_NE(name, "x-orch-encoding");
}

TEST_F(V1ServerTest, WhatNeverEndsOrIsTooLargeIsAnsweredSo) {
  Ask("r", "/events");
  Answer("/events", "data: 1\n\n", "Text/Event-Stream; charset=utf-8");
  EXPECT_THAT(Told(), ::testing::ElementsAre(HasSubstr("carries no event streams")));
  limits_.version1_message = 1000;
  Ask("s", "/large");
  Answer("/large", std::string(501, 'x'));
  EXPECT_THAT(Told(), ::testing::ElementsAre(::testing::AllOf(::testing::StartsWith("s 502"),
                                                              HasSubstr("at most 500 bytes"))));
  Ask("t", "/fits");
  Answer("/fits", std::string(500, 'x'));
  EXPECT_THAT(Told(), ::testing::ElementsAre("t 200 " + std::string(500, 'x')));
}

TEST_F(V1ServerTest, TextThatGrowsBeyondTheMessageIsTooLargeAsWell) {
  limits_.version1_message = 1'000'000;
  Ask("r", "/escapes");
  Answer("/escapes", std::string(400'000, '\x01'));
  EXPECT_EQ(OneResponse().status, 502);
  Chat("c", "chat.subscribe");
  Said();
  Say(std::string(200'000, '\x01'));
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(std::get<control::ErrorMessage>(sent_[0]).request_id, "c");
  EXPECT_EQ(Said(), "close 1000");
}

TEST_F(V1ServerTest, AnInstanceThatIsSilentOrGoneIsAnswered) {
  Ask("r", "/silent");
  executor_.Advance(limits_.response_timeout);
  EXPECT_THAT(Told(), ::testing::ElementsAre(::testing::StartsWith("r 504")));
  EXPECT_EQ(instance_.running, 0) << "nobody waits for it any longer";
}

TEST_F(V1ServerTest, WhatLeadsElsewhereIsRefused) {
  for (const char* path : {"http://evil.example/", "/a b", "", "evil"}) {
    Ask("r", path);
    EXPECT_THAT(Told(), ::testing::ElementsAre(::testing::StartsWith("r! "))) << path;
  }
  Ask("r", "/", "GET /x");
  EXPECT_THAT(Told(), ::testing::ElementsAre(::testing::StartsWith("r! ")));
  EXPECT_THAT(instance_.heads, IsEmpty());
}

TEST_F(V1ServerTest, ThereIsABoundOnWhatRuns) {
  limits_.tunnel_streams = 3;
  for (int i = 0; i < 3; ++i) Ask(fmt::format("r{}", i), "/x");
  Ask("more", "/x");
  Chat("chat", "claude-command");
  EXPECT_THAT(Told(), ::testing::ElementsAre("more! too many requests are under way",
                                             "chat! too many requests are under way"));
  Answer("/x");
  Told();
  Ask("more", "/y");
  EXPECT_THAT(Told(), IsEmpty());
  EXPECT_EQ(instance_.running, 1);
}

TEST_F(V1ServerTest, WithTheConnectionEverythingEnds) {
  Ask("r", "/a");
  Chat("c", "chat.subscribe");
  Said();
  server_.Reset();
  executor_.RunUntilIdle();
  EXPECT_EQ(instance_.running, 0);
  Answer("/a");
  EXPECT_THAT(Told(), IsEmpty()) << "its hub is gone; the next knows nothing of it";
  Ask("r", "/b");
  Chat("c", "chat.subscribe");
  EXPECT_EQ(instance_.running, 1);
  EXPECT_EQ(instance_.chats.size(), 2U);
}

TEST_F(V1ServerTest, DrainingLetsWhatRunsFinishAndTakesNothingNew) {
  Ask("r", "/slow");
  Chat("c", "claude-command");
  auto drained = server_.Drain();
  drained.Start();
  Ask("late", "/x");
  Chat("late", "claude-command");
  EXPECT_EQ(instance_.running, 1);
  EXPECT_EQ(instance_.chats.size(), 1U);
  EXPECT_THAT(Told(), ::testing::UnorderedElementsAre("late! the agent is being stopped",
                                                      ::testing::StartsWith("late 503")));
  Answer("/slow");
  EXPECT_THAT(Told(), ::testing::ElementsAre("r 200 page"));
  EXPECT_FALSE(drained.is_done());
  Said();
  Say(R"({"type":"claude-complete"})");
  EXPECT_EQ(Said(), "close 1000");
  executor_.RunUntilIdle();
  EXPECT_TRUE(drained.is_done());
  EXPECT_EQ(Told().size(), 2U);
}

TEST_F(V1ServerTest, DrainingEndsWithTheConnection) {
  Ask("r", "/slow");
  auto drained = server_.Drain();
  drained.Start();
  server_.Reset();
  executor_.RunUntilIdle();
  EXPECT_TRUE(drained.is_done());
}

TEST_F(V1ServerTest, AUserRequestIsSaidOnTheInstancesChat) {
  Chat("c", "claude-command", R"({"command":"hi"})");
  Chat("c", "claude-command", R"({"command":"hi"})");  // Sent twice: said once.
  ASSERT_EQ(instance_.chats.size(), 1U);
  EXPECT_EQ(instance_.heads[0].target, "/ws");
  EXPECT_EQ(Said(), R"({"command":"hi","type":"claude-command"})");
  Say(R"({"type":"claude-response","data":1})");
  EXPECT_THAT(Told(), ::testing::ElementsAre(R"(c {"type":"claude-response","data":1})"));
  Say(R"({"type":"claude-complete"})");
  EXPECT_EQ(Said(), "close 1000");
  executor_.RunUntilIdle();
  EXPECT_THAT(Told(), ::testing::ElementsAre(R"(c {"type":"claude-complete"})", "c. "));
}

TEST_F(V1ServerTest, ARequestWithTheIdOfAChatThatRunsBelongsToIt) {
  Chat("c", "claude-command", R"({"command":"hi"})");
  Said();
  Chat("c", "abort-session", R"({"sessionId":"s"})");
  ASSERT_EQ(instance_.chats.size(), 1U);
  EXPECT_EQ(Said(), R"({"sessionId":"s","type":"abort-session"})");
  Chat("c", "close");
  EXPECT_EQ(Said(), "close 1000");
  executor_.RunUntilIdle();
  EXPECT_THAT(Told(), ::testing::ElementsAre("c. "));
}

TEST_F(V1ServerTest, ChatsAreRefusedWhereNobodyKnowsWhoChats) {
  server_.RefuseChats();
  Chat("c", "claude-command", R"({"command":"hi"})");
  EXPECT_TRUE(instance_.chats.empty());
  EXPECT_THAT(Told(),
              ::testing::ElementsAre(HasSubstr("c! this agent admits only those on its list")));
}

TEST_F(V1ServerTest, FollowUpsBelongToTheirSession) {
  Chat("a", "chat.subscribe");
  Chat("b", "chat.subscribe");
  Said(0);
  Said(1);
  FollowUp("b", R"({"type":"chat.send","n":2})");
  EXPECT_EQ(Said(1), R"({"type":"chat.send","n":2})");
  FollowUp("nobody", R"({"type":"chat.send"})");
  FollowUp("a", R"({"type":"close"})");
  EXPECT_EQ(Said(0), "close 1000");
  executor_.RunUntilIdle();
  EXPECT_THAT(Told(), ::testing::ElementsAre("a. "));
  instance_.chats[1]->Close(4123, "over");
  executor_.RunUntilIdle();
  EXPECT_THAT(Told(), ::testing::ElementsAre(R"(b. {"code":4123,"reason":"over"})"));
}

}  // namespace
}  // namespace berth::agent
