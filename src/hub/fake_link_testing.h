// For tests: the connection to a live instance that only keeps what it is told.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "hub/registry.h"

namespace berth::hub::testing {

/// Is open, and says of itself what the test sets. Asking for its streams ends the program.
struct FakeLink : InstanceLink {
  bool is_open() const override { return true; }
  http::Service& streams() override { std::abort(); }
  Result<std::string> Assert(const identity::PersonPtr&, std::string_view, control::Role) override {
    return std::string();
  }
  bool is_version_1() const override { return speaks_version_1; }
  void Fence(std::string_view reason) override { fenced = reason; }
  void Disconnect() override {}
  std::optional<Duration> latency() const override { return latency_now; }
  std::string_view address() const override { return "192.0.2.7"; }
  control::Traffic traffic() const override { return traffic_now; }

  bool speaks_version_1 = false;
  std::optional<Duration> latency_now;
  control::Traffic traffic_now;
  std::string fenced;  ///< The reason, once it was.
};

}  // namespace berth::hub::testing
