// For tests of crossing.h: both ends in one thread, on executors of their own, so that each step
// can be looked at; services that answer; and a body that tells what was done with it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "http/crossing.h"
#include "http/h1_testing.h"

namespace berth::http::crossing_testing {

using testing::FakeService;
using testing::PieceBody;

/// A body that gives `size` bytes in pieces, and tells what was done with it. Its end comes only if
/// it `ends`.
struct Watch {
  std::size_t read = 0;
  bool is_gone = false;
};
class WatchedBody : public Body {
 public:
  WatchedBody(Watch& watch, Executor& executor, std::size_t size, bool ends = true)
      : watch_(watch), ends_(ends), never_(executor), left_(size), piece_(10'000, 'x') {}
  ~WatchedBody() override { watch_.is_gone = true; }

  Task<Result<MutableBytes>> Read() override {
    if (left_ == 0 && !ends_) co_await never_.Wait();
    const std::size_t size = std::min(left_, piece_.size());
    left_ -= size;
    watch_.read += size;
    co_return std::as_writable_bytes(std::span(piece_)).first(size);
  }

 private:
  Watch& watch_;
  bool ends_;
  Event never_;
  std::size_t left_;
  std::string piece_;
};

class CrossingFixture : public ::testing::Test {
 protected:
  using Answer = std::function<Task<Result<Response>>(Request)>;

  void Answering(Answer answer) {
    service_ = std::make_unique<FakeService>(std::move(answer));
    end_ = std::make_unique<CrossingEnd>(main_, limits_, *service_);
    crossing_ = std::make_unique<CrossingService>(front_, limits_, end_->address());
  }

  /// Lets both loops run until there is nothing to do.
  void Settle() {
    for (int i = 0; i < 50; ++i) {
      front_.RunUntilIdle();
      main_.RunUntilIdle();
    }
  }

  template <class T>
  T Await(Task<T> task) {
    task.Start();
    Settle();
    if (!task.is_done()) throw std::runtime_error("the task still waits");
    return task.Take();
  }

  Request Get(std::string target = "/") {
    Request request;
    request.head = {.method = "GET",
                    .scheme = "http",
                    .authority = "localhost",
                    .target = std::move(target),
                    .protocol = "",
                    .fields = {}};
    request.peer.address = "192.0.2.7";
    return request;
  }
  Request Post(BodyPtr body) {
    Request request = Get();
    request.head.method = "POST";
    request.body = std::move(body);
    return request;
  }

  Watch download_;  ///< Of the body that the service answers with.
  Watch upload_;    ///< Of the body of the request.
  Limits limits_;
  berth::testing::TestExecutor main_;
  berth::testing::TestExecutor front_;
  std::unique_ptr<FakeService> service_;
  std::unique_ptr<CrossingEnd> end_;
  std::unique_ptr<CrossingService> crossing_;
};

inline Task<Result<Response>> Echo(Request request) {
  auto text = co_await ReadAll(request.body.get(), 1 << 24);
  if (!text) co_return std::move(text).error();
  Response response = TextResponse(201, "text/plain", *text);
  response.head.fields.Add("x-target", request.head.target);
  response.head.fields.Add("x-peer", request.peer.address);
  co_return response;
}

inline Task<Result<Response>> Hang(Request request, Executor& executor) {
  Event never(executor);
  co_await never.Wait();
  co_return TextResponse(200, "text/plain", request.head.target);
}

inline Task<Result<Response>> Give(Request /*request*/, BodyPtr& body) {
  Response response;
  response.body = std::move(body);
  co_return response;
}

/// Keeps the request's body and answers at once, with a body of its own if there is one.
inline Task<Result<Response>> Keep(Request request, BodyPtr& kept, BodyPtr& body, int status) {
  kept = std::move(request.body);
  Response response{.head = {.status = status, .fields = {}}, .body = std::move(body)};
  co_return response;
}

}  // namespace berth::http::crossing_testing
