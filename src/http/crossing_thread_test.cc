// Crossing with two real loops in two threads. What each step does is in crossing_test.cc; these
// are for ThreadSanitizer (the tsan preset) and for the order in which loops go away.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/result_testing.h"
#include "base/task_group.h"
#include "http/crossing.h"
#include "http/h1_testing.h"
#include "net/loop_testing.h"

namespace berth::http {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using net::testing::Await;
using namespace std::chrono_literals;

/// Echoes the body of a request as it comes; "/hang" is never answered, "/endless" never ends.
class EchoService : public Service {
 public:
  explicit EchoService(Executor& executor) : executor_(executor) {}

  Task<Result<Response>> Exchange(Request request) override {
    if (request.head.target == "/hang") {
      Event never(executor_);
      co_await never.Wait();
    }
    if (request.interim) request.interim({.status = 103, .fields = {}});
    co_await Yield(executor_);
    Response response;
    response.body = std::move(request.body);
    if (request.head.target == "/endless") response.body = std::make_unique<Endless>();
    co_return response;
  }

 private:
  class Endless : public Body {
   public:
    Task<Result<MutableBytes>> Read() override {
      co_return std::as_writable_bytes(std::span(text_));
    }

   private:
    std::string text_ = std::string(5'000, 'e');
  };

  Executor& executor_;
};

/// A thread whose loop answers by an EchoService.
class AnsweringThread {
 public:
  explicit AnsweringThread(const Limits& limits) {
    std::promise<MailAddress<crossing::Message>> made;
    auto address = made.get_future();
    thread_ = std::thread([this, &limits, made = std::move(made)]() mutable {
      net::Loop loop;
      EchoService echo(loop);
      CrossingEnd end(loop, limits, echo);
      loop_ = &loop;
      made.set_value(end.address());
      loop.Post([] {});
      loop.Run();
    });
    address_ = address.get();
  }
  ~AnsweringThread() { Join(); }

  void Join() {
    if (!thread_.joinable()) return;
    // Posted, so that it is not forgotten if the loop does not run yet.
    loop_->Post([loop = loop_] { loop->Stop(); });
    thread_.join();
  }
  const MailAddress<crossing::Message>& address() const { return address_; }

 private:
  net::Loop* loop_ = nullptr;
  MailAddress<crossing::Message> address_;
  std::thread thread_;
};

Request Ask(std::string target, std::size_t size) {
  Request request;
  request.head = {.method = "POST",
                  .scheme = "http",
                  .authority = "localhost",
                  .target = std::move(target),
                  .protocol = "",
                  .fields = {}};
  request.body = std::make_unique<TextBody>(std::string(size, 'x'));
  return request;
}

Task<Result<std::size_t>> EchoOnce(Service& service, std::size_t size) {
  int interim = 0;
  Request request = Ask("/echo", size);
  request.interim = [&interim](const ResponseHead&) { ++interim; };
  auto response = co_await service.Exchange(std::move(request));
  if (!response) co_return std::move(response).error();
  auto text = co_await ReadAll(response->body.get(), size);
  if (!text) co_return std::move(text).error();
  if (interim != 1) co_return Internal("no interim response");
  co_return text->size();
}

Task<void> EchoMany(Service& service, std::size_t size, int times, std::size_t& sum) {
  for (int i = 0; i < times; ++i) {
    auto echoed = co_await EchoOnce(service, size);
    if (!echoed) co_return;
    sum += *echoed;
  }
}

Task<Result<std::size_t>> EchoBeside(net::Loop& loop, Service& service) {
  std::size_t sum = 0;
  TaskGroup group(loop);
  for (const std::size_t size : {1UL, 1'000UL, 70'000UL, 1'000'000UL}) {
    for (int i = 0; i < 3; ++i) group.Spawn("echo", EchoMany(service, size, 10, sum));
  }
  co_await group.WaitEmpty();
  co_return sum;
}

TEST(CrossingThreadTest, ManyBodiesCrossBothWaysAtOnce) {
  const Limits limits;
  AnsweringThread answering(limits);
  net::Loop loop;
  CrossingService crossing(loop, limits, answering.address());
  auto sum = Await(loop, EchoBeside(loop, crossing));
  ASSERT_THAT(sum, IsOk());
  EXPECT_EQ(*sum, 30u * (1 + 1'000 + 70'000 + 1'000'000));
}

/// Begins exchanges and drops each at another stage.
Task<Result<int>> DropAtEachStage(net::Loop& loop, Service& service) {
  for (int round = 0; round < 50; ++round) {
    {
      auto unsent = service.Exchange(Ask("/echo", 100'000));
      unsent.Start();
    }
    {
      auto hanging = service.Exchange(Ask("/hang", 100'000));
      hanging.Start();
      for (int i = 0; i < round; ++i) co_await Yield(loop);
    }
    auto endless = co_await service.Exchange(Ask("/endless", 100'000));
    if (!endless) co_return std::move(endless).error();
    for (int i = 0; i < round % 5; ++i) {
      auto piece = co_await endless->body->Read();
      if (!piece) co_return std::move(piece).error();
    }
    if (round % 2 == 0) {
      auto reading = endless->body->Read();
      reading.Start();
    }
  }
  auto still = co_await EchoOnce(service, 10);
  if (!still) co_return std::move(still).error();
  co_return 1;
}

TEST(CrossingThreadTest, WhatIsDroppedAtAnyStageLeavesTheRestAlone) {
  const Limits limits;
  AnsweringThread answering(limits);
  net::Loop loop;
  CrossingService crossing(loop, limits, answering.address());
  EXPECT_THAT(Await(loop, DropAtEachStage(loop, crossing)), IsOk());
}

/// Reads an endless body until it breaks off; `is_begun` is set when the first of it came.
Task<Result<int>> ReadForEver(Service& service, Event& is_begun) {
  auto response = co_await service.Exchange(Ask("/endless", 1));
  if (!response) co_return std::move(response).error();
  for (;;) {
    auto piece = co_await response->body->Read();
    if (!piece) co_return std::move(piece).error();
    is_begun.Set();
  }
}

Task<Result<int>> LoseTheOtherLoop(net::Loop& loop, Service& service, AnsweringThread& answering) {
  Event is_begun(loop);
  auto reading = ReadForEver(service, is_begun);
  reading.Start();
  auto hanging = service.Exchange(Ask("/hang", 1'000'000));
  hanging.Start();
  co_await is_begun.Wait();
  answering.Join();
  auto unanswered = co_await hanging;
  if (unanswered || unanswered.error().kind != ErrorKind::kUnavailable) co_return 1;
  auto broken = co_await reading;
  if (broken) co_return 2;
  co_return std::move(broken).error();
}

TEST(CrossingThreadTest, LoopThatAnswersGoesInTheMiddle) {
  const Limits limits;
  AnsweringThread answering(limits);
  net::Loop loop;
  CrossingService crossing(loop, limits, answering.address());
  EXPECT_THAT(Await(loop, LoseTheOtherLoop(loop, crossing, answering)),
              FailsWith(ErrorKind::kUnavailable));
}

TEST(CrossingThreadTest, LoopThatAsksGoesInTheMiddle) {
  const Limits limits;
  for (int round = 0; round < 10; ++round) {
    AnsweringThread answering(limits);
    net::Loop loop;
    CrossingService crossing(loop, limits, answering.address());
    Event is_begun(loop);
    auto reading = ReadForEver(crossing, is_begun);
    reading.Start();
    auto hanging = crossing.Exchange(Ask("/hang", 1'000'000));
    hanging.Start();
    ASSERT_THAT(Await(loop, UntilSet(is_begun)), IsOk());
  }
}

}  // namespace
}  // namespace berth::http
