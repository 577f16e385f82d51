// For tests: a claudecodeui in memory whose chat socket the test speaks for, and what is known of
// its sessions.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/adapters/claudecodeui_status.h"
#include "agent/adapters/fake_database_testing.h"
#include "agent/fake_instance_testing.h"
#include "agent/worker_testing.h"
#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "http/websocket.h"

namespace berth::agent::testing {

/// Where the list of what runs is.
inline constexpr std::string_view kRunning = "GET /api/providers/sessions/running";

/// Such a list with the session s1.
inline constexpr std::string_view kOneRuns =
    R"({"data":{"sessions":[{"sessionId":"s1","provider":"claude","startedAt":1700000000000}]}})";

/// Such a list with nothing.
inline constexpr std::string_view kNoneRuns = R"({"data":{"sessions":[]}})";

/// What the instance hears where the chat of s1 is to be followed.
inline constexpr std::string_view kSubscribe =
    R"({"type":"chat.subscribe","sessions":[{"sessionId":"s1","lastSeq":1000000000}]})";

/// s1 asks its question q1.
inline constexpr std::string_view kAsks =
    R"({"kind":"permission_request","requestId":"q1","toolName":"Bash","input":{"command":"ls"},"sessionId":"s1"})";

/// Knows its way into the instance; Begin() connects.
class ChatStatusFixture : public ::testing::Test {
 protected:
  ChatStatusFixture() {
    MakeDatabase(folder_.path() / ".cloudcli" / "auth.db", "hush");
    AddUser(folder_.path() / ".cloudcli" / "auth.db", 1, "alice");
    info_ = {.host = "127.0.0.1", .port = 3001, .version = "1.37.3"};
    instance_.OnJson("GET /api/auth/user", 200, R"({"user":{"id":1}})");
    instance_.OnUpgrade([this](http::BodyPtr incoming) { incoming_ = std::move(incoming); });
    instance_.On("GET /ws", [this](const http::RequestHead&, const std::string&) {
      reading_.Cancel();
      socket_ = std::make_unique<http::WebSocketChannel>(executor_, http::WebSocketRole::kAcceptor,
                                                         http::WebSocketChannel::Options{});
      socket_->Attach(std::move(incoming_));
      http::Response response;
      response.head.status = 101;
      response.body = socket_->TakeOutgoing();
      reading_ = Job(executor_, "instance", ReadAll());
      return response;
    });
  }
  ~ChatStatusFixture() override {
    status_.SetWatched(false);
    reading_.Cancel();
  }

  Task<void> ReadAll() {
    for (;;) {
      auto event = co_await socket_->Receive();
      if (!event || event->kind == http::WebSocketEvent::Kind::kClose) co_return;
      if (event->kind == http::WebSocketEvent::Kind::kText) heard_.emplace_back(event->text());
    }
  }

  /// Finds the instance, which then lists `running`, and connects to its chat.
  void Begin(std::string_view running = kOneRuns) {
    if (!running.empty()) instance_.OnJson(std::string(kRunning), 200, std::string(running));
    status_.OnInstanceFound();
    status_.SetWatched(true);
    executor_.RunUntilIdle();
    Refresh();
  }
  void Refresh() {
    EXPECT_THAT(executor_.Await(status_.Refresh()), berth::testing::IsOk());
    executor_.RunUntilIdle();
  }
  void Say(std::string_view text) {
    ASSERT_TRUE(socket_);
    EXPECT_THAT(socket_->SendText(text), berth::testing::IsOk());
    executor_.RunUntilIdle();
  }
  /// The connection to its chat breaks.
  void Drop() {
    reading_.Cancel();
    socket_.reset();
    executor_.RunUntilIdle();
  }
  /// What the instance has heard since the last call.
  std::vector<std::string> Heard() { return std::exchange(heard_, {}); }
  /// "s1 busy"
  std::vector<std::string> Shown() const {
    std::vector<std::string> shown;
    for (const auto& one : status_.Sessions()) {
      shown.push_back(one.id + ' ' + std::string(ToString(one.state)));
    }
    return shown;
  }
  Task<control::AnswerResult> Start(control::Answer answer) {
    auto task = status_.GiveAnswer(std::move(answer));
    task.Start();
    executor_.RunUntilIdle();
    return task;
  }

  berth::testing::TempFolder folder_;
  berth::testing::TestExecutor executor_;
  InlineWorker worker_;
  FakeInstance instance_;
  InstanceInfo info_;
  WallTime time_{std::chrono::milliseconds(1'700'000'005'000)};
  http::BodyPtr incoming_;
  std::unique_ptr<http::WebSocketChannel> socket_;
  Job reading_;
  std::vector<std::string> heard_;
  AdapterContext context_{executor_, worker_, instance_, info_};
  SignIn sign_in_{context_,
                  {.home = folder_.path(),
                   .state_folder = folder_.path() / "state",
                   .wall_clock = [this] { return time_; }}};
  ChatStatus status_{context_, sign_in_, [this] { return time_; }};
};

}  // namespace berth::agent::testing
