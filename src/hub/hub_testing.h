// For tests: what the hub's handlers share, without a network: a real database and identity, the
// registry, and a socket's other end in memory.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/task_group.h"
#include "http/request_testing.h"
#include "http/websocket.h"
#include "hub/changes.h"
#include "hub/context.h"
#include "hub/hosts.h"
#include "hub/instance_history.h"
#include "hub/registry.h"
#include "identity/fixture_testing.h"
#include "identity/identity.h"
#include "store/audit.h"

namespace berth::hub::testing {

/// A body that lives on when whoever reads it lets go: bytes on the way back are not lost by that,
/// as on a network.
class KeptBody : public http::Body {
 public:
  explicit KeptBody(std::shared_ptr<http::Body> body) : body_(std::move(body)) {}
  Task<Result<http::MutableBytes>> Read() override { return body_->Read(); }

 private:
  const std::shared_ptr<http::Body> body_;
};

/// The side of a WebSocket that dialled: a browser, or an instance of version 1.
class SocketEnd {
 public:
  explicit SocketEnd(berth::testing::TestExecutor& executor)
      : executor_(executor), channel_(executor, http::WebSocketRole::kDialer, {}) {}

  /// The upgrade that asks for this socket. Call once.
  http::Request Upgrade(std::string target) {
    http::Request request = http::testing::MakeRequest(std::move(target));
    request.head.protocol = "websocket";
    outgoing_ = channel_.TakeOutgoing();
    request.body = std::make_unique<KeptBody>(outgoing_);
    return request;
  }
  /// The answer to it, which must be 101.
  void Attach(http::Response response) {
    ASSERT_EQ(response.head.status, 101);
    channel_.Attach(std::move(response.body));
  }

  void Say(std::string_view text) {
    ASSERT_THAT(channel_.SendText(text), berth::testing::IsOk());
    executor_.RunUntilIdle();
  }
  /// One binary frame.
  void SayBinary() {
    channel_.SetBinarySource(
        [this](http::PayloadWriter& out, std::size_t) {
          if (!std::exchange(is_binary_said_, true)) out.Append("{}");
        },
        ready_);
    ready_.Set();
    executor_.RunUntilIdle();
    channel_.ClearBinarySource();
  }
  /// What arrived next: a text, "close CODE REASON", or why the connection broke; "" for nothing.
  std::string Next() {
    auto received = channel_.Receive();
    received.Start();
    executor_.RunUntilIdle();
    if (!received.is_done()) return "";
    auto event = received.Take();
    if (!event) return event.error().ToString();
    if (event->kind == http::WebSocketEvent::Kind::kClose) {
      return fmt::format("close {} {}", event->code, event->text());
    }
    return std::string(event->text());
  }
  void Close(std::uint16_t code = http::close_code::kNormal) {
    channel_.Close(code, "");
    executor_.RunUntilIdle();
    EXPECT_THAT(Next(), ::testing::StartsWith("close"));
  }
  /// The connection breaks.
  void Break() {
    channel_.Abort(Unavailable("broken"));
    executor_.RunUntilIdle();
  }

 private:
  berth::testing::TestExecutor& executor_;
  Event ready_{executor_};
  bool is_binary_said_ = false;
  std::shared_ptr<http::Body> outgoing_;
  http::WebSocketChannel channel_;
};

struct HubFixture : identity::testing::IdentityFixture {
  identity::Identity identity{context()};
  Registry registry{executor, clock, identity.shares()};
  InstanceHistory history{executor, clock, registry};
  Hosts hosts =
      Hosts::Create(ParseOrigin("https://hub.example").value(), "apps.example", false).value();
  TaskGroup sockets{executor};
  Changes changes{executor, limits};
  Event stopping{executor};
  HubContext hub{.executor = executor,
                 .limits = limits,
                 .hosts = hosts,
                 .clock = clock,
                 .store = *store,
                 .sealer = sealer,
                 .identity = identity,
                 .registry = registry,
                 .history = history,
                 .sockets = sockets,
                 .changes = changes,
                 .stopping = stopping};

  void SetUp() override { ASSERT_THAT(executor.Await(identity.Load()), berth::testing::IsOk()); }
  /// What the audit log says, the oldest first: "ACTION RESULT INSTANCE: DETAIL".
  std::vector<std::string> Audited() {
    executor.Await(identity.audit().Flush());
    std::vector<std::string> lines;
    auto read = store::EachAudit(*other, 0, {}, [&](const store::AuditRow& row) {
      const store::AuditEntry& entry = row.entry;
      lines.push_back(
          fmt::format("{} {} {}: {}", entry.action, entry.result, entry.instance_id, entry.detail));
    });
    EXPECT_THAT(read, berth::testing::IsOk());
    return lines;
  }
  /// Before what a test of a derived fixture owns.
  void TearDown() override {
    changes.CancelAll();
    sockets.CancelAll();
  }
};

}  // namespace berth::hub::testing
