// For tests of H1Client: an instance that the test plays, and a client that asks it.
#pragma once

#include <gtest/gtest.h>

#include <deque>

#include "base/result_testing.h"
#include "http/h1_client.h"
#include "http/h1_testing.h"

namespace berth::http::testing {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;

inline constexpr std::string_view kHeadOfFive = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";

/// An instance under the test's control: every connection that the client opens.
class Origin {
 public:
  explicit Origin(TestExecutor& executor, std::size_t fragment = 0)
      : executor_(executor), fragment_(fragment) {}

  H1Client::Connector connector() {
    return [this] { return Connect(*this); };
  }
  struct Connection {
    net::StreamPtr stream;
    std::string received;
    bool ended = false;
    Task<void> collecting;
  };
  Connection& operator[](std::size_t index) { return *connections_.at(index); }
  std::size_t size() const { return connections_.size(); }
  void Say(std::size_t index, std::string_view text) {
    auto task = net::testing::WriteText(*connections_.at(index)->stream, std::string(text));
    ASSERT_THAT(executor_.Await(std::move(task)), IsOk());
  }
  bool is_away = false;

 private:
  static Task<Result<net::StreamPtr>> Connect(Origin& origin) {
    co_await Yield(origin.executor_);
    if (origin.is_away) co_return Unavailable("refused");
    auto [mine, theirs] = net::testing::MakePipe(origin.executor_, {.fragment = origin.fragment_});
    auto connection = std::make_unique<Connection>();
    connection->stream = std::move(mine);
    connection->collecting = Collect(*connection->stream, connection->received, connection->ended);
    connection->collecting.Start();
    origin.connections_.push_back(std::move(connection));
    co_return std::move(theirs);
  }

  TestExecutor& executor_;
  std::size_t fragment_;
  std::deque<std::unique_ptr<Connection>> connections_;
};

inline Request Get(std::string target = "/", std::string method = "GET") {
  Request request;
  request.head.method = std::move(method);
  request.head.scheme = "http";
  request.head.authority = "localhost:3001";
  request.head.target = std::move(target);
  return request;
}

inline Request Post(BodyPtr body) {
  Request request = Get("/", "POST");
  request.body = std::move(body);
  return request;
}

class H1ClientFixture : public ::testing::Test {
 protected:
  /// Sends the request and answers it on connection `index` with `answer`, the whole or a part.
  Task<Result<Response>> Begin(Request request, std::size_t index, std::string_view answer) {
    auto exchange = client_.Exchange(std::move(request));
    exchange.Start();
    executor_.RunUntilIdle();
    origin_.Say(index, answer);
    executor_.RunUntilIdle();
    return exchange;
  }
  Result<Response> Ask(Request request, std::size_t index, std::string_view answer) {
    return Finish(executor_, Begin(std::move(request), index, answer));
  }
  Result<std::string> Text(Result<Response>& response) {
    return executor_.Await(ReadAll(response->body.get(), 1'000'000));
  }

  TestExecutor executor_;
  Limits limits_;
  Origin origin_{executor_};
  H1Client client_{executor_, limits_, origin_.connector()};
};

}  // namespace berth::http::testing
