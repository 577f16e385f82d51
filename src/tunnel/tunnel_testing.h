// For tests: a hub that agents dial in memory, a cable between the two that can stall, break and
// cut pieces small, and an instance behind the agent.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/executor_testing.h"
#include "http/request_testing.h"
#include "tunnel/agent_link.h"
#include "tunnel/hub_link.h"

namespace berth::tunnel::testing {

using berth::testing::TestExecutor;
using http::testing::MakeRequest;

/// The state of the way between agent and hub, both directions.
struct Cable {
  explicit Cable(Executor& executor) : changed(executor), cut(executor) {}
  /// Both ends learn at once that the connection broke.
  void Cut() { cut.Set(); }
  /// Nothing gets through any more, and nobody is told.
  void Stall() { is_stalled = true; }

  std::size_t fragment = 0;  ///< Most bytes per Read; 0 = as they come.
  bool is_stalled = false;
  std::size_t bytes = 0;  ///< That passed, both ways.
  Event changed;
  Event cut;
};

class CableBody : public http::Body {
 public:
  CableBody(std::shared_ptr<Cable> cable, http::BodyPtr from)
      : cable_(std::move(cable)), from_(std::move(from)) {}

  Task<Result<http::MutableBytes>> Read() override {
    if (rest_.empty()) {
      auto piece = co_await WithCancel(cable_->cut, from_->Read());
      while (cable_->is_stalled && !cable_->cut.is_set()) co_await cable_->cut.Wait();
      if (cable_->cut.is_set()) co_return Unavailable("the cable was cut");
      if (!piece || piece->empty()) co_return piece;
      rest_ = *piece;
    }
    const std::size_t size = cable_->fragment == 0 ? rest_.size() : cable_->fragment;
    const http::MutableBytes piece = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(piece.size());
    cable_->bytes += piece.size();
    co_return piece;
  }

 private:
  std::shared_ptr<Cable> cable_;
  http::BodyPtr from_;
  http::MutableBytes rest_;
};

/// The hub's end of one connection, and what it saw.
class HubEnd : public HubLink::Observer {
 public:
  HubEnd(Executor& executor, const Limits& limits, http::BodyPtr incoming)
      : link(executor, limits, *this) {
    link.Attach(std::move(incoming));
  }

  void Start() {
    run_ = Run();
    run_.Start();
  }
  /// Why the link ended; nothing while it runs.
  const std::optional<Error>& ended() const { return ended_; }

  Task<Result<control::Registered>> OnRegister(control::Register registration) override {
    registrations.push_back(std::move(registration));
    co_return answer;
  }
  void OnMessage(control::Message message) override { messages.push_back(std::move(message)); }

  Result<control::Registered> answer = control::Registered{.success = true};
  std::vector<control::Register> registrations;
  std::vector<control::Message> messages;
  HubLink link;

 private:
  Task<void> Run() { ended_ = co_await link.Run(); }

  std::optional<Error> ended_;
  Task<void> run_;
};

/// The dialer of agents: answers the upgrade exchange as a hub would.
class FakeHub : public http::Service {
 public:
  FakeHub(TestExecutor& executor, const Limits& limits) : executor_(executor), limits_(limits) {}

  Task<Result<http::Response>> Exchange(http::Request request) override {
    dialled_at.push_back(executor_.now());
    requests.push_back(std::move(request.head));
    if (is_away) co_return away;
    if (is_silent) co_await Sleep(executor_, std::chrono::hours(10));
    http::Response response;
    response.head.status = status;
    if (!location.empty()) response.head.fields.Add("location", location);
    if (status != 101 && !problem.empty()) {
      co_return http::TextResponse(status, "application/problem+json", problem);
    }
    if (status != 101) co_return response;
    cable = std::make_shared<Cable>(executor_);
    cable->fragment = fragment;
    if (is_version_1) {
      response.body = std::make_unique<CableBody>(cable, std::move(request.body));
      co_return response;
    }
    ends.push_back(std::make_unique<HubEnd>(
        executor_, limits_, std::make_unique<CableBody>(cable, std::move(request.body))));
    ends.back()->answer = answer;
    response = ends.back()->link.TakeResponse();
    response.body = std::make_unique<CableBody>(cable, std::move(response.body));
    if (is_serving) ends.back()->Start();
    co_return response;
  }

  HubEnd& end() { return *ends.back(); }

  int status = 101;
  std::string problem;   ///< JSON of an answer that is no 101.
  std::string location;  ///< Where an answer leads.
  bool is_away = false;  ///< Dialling fails, with `away`.
  Error away = Unavailable("connection refused");
  bool is_silent = false;     ///< Dialling never ends.
  bool is_version_1 = false;  ///< The subprotocol is not accepted.
  bool is_serving = true;     ///< Else what the agent says is never read.
  std::size_t fragment = 0;
  Result<control::Registered> answer = control::Registered{.success = true};

  std::vector<TimePoint> dialled_at;
  std::vector<http::RequestHead> requests;
  std::shared_ptr<Cable> cable;               ///< Of the newest connection.
  std::vector<std::unique_ptr<HubEnd>> ends;  ///< One per connection.

 private:
  TestExecutor& executor_;
  const Limits& limits_;
};

/// Sends each request's body back as it comes; "/hang" never answers; upgrades are echoed as well.
class EchoInstance : public http::Service {
 public:
  explicit EchoInstance(Executor& executor) : never_(executor) {}

  Task<Result<http::Response>> Exchange(http::Request request) override {
    ++running;
    const Leave leave{*this};
    targets.push_back(request.head.target);
    if (request.head.target == "/hang") co_await never_.Wait();
    http::Response response;
    if (request.head.is_upgrade()) response.head.status = 101;
    response.head.fields.Add("x-target", request.head.target);
    response.body = std::move(request.body);
    co_return response;
  }
  /// Lets "/hang" answer.
  void Release() { never_.Set(); }

  int running = 0;
  std::vector<std::string> targets;

 private:
  struct Leave {
    EchoInstance& instance;
    ~Leave() { --instance.running; }
  };
  Event never_;
};

/// A body of `size` bytes that are made as they are read.
class CountingBody : public http::Body {
 public:
  explicit CountingBody(std::size_t size) : left_(size) {}
  Task<Result<http::MutableBytes>> Read() override {
    piece_.resize(std::min<std::size_t>(left_, 40'000));
    for (std::size_t i = 0; i < piece_.size(); ++i) piece_[i] = Byte(at_ + i);
    at_ += piece_.size();
    left_ -= piece_.size();
    co_return std::as_writable_bytes(std::span(piece_));
  }
  static char Byte(std::size_t at) { return static_cast<char>(at * 7 + at / 251); }

 private:
  std::size_t left_;
  std::size_t at_ = 0;
  std::string piece_;
};

inline HubAddress TestHubAddress() {
  return {.scheme = "https", .authority = "hub.example", .token = Secret("ao_1_2")};
}

inline control::Register TestRegistration() {
  control::Register registration;
  registration.client_id = "box-1";
  registration.metadata.hostname = "box";
  return registration;
}

}  // namespace berth::tunnel::testing
