// For tests: a hub's key, and what it signs about users for the instance "box".
#pragma once

#include "agent/assertion_gate.h"
#include "agent/worker_testing.h"

namespace berth::agent::testing {

/// A user, and a gate that believes what Sign() makes.
class TestHub {
 public:
  explicit TestHub(const std::filesystem::path& folder)
      : trust(HubTrust::Open({.hub = "https://hub.example", .file = folder / "known-hubs"}, worker)
                  .value()),
        gate("box", trust, [this] { return now; }) {
    const auto accepted = trust.Accept({{.public_key = key.public_key().Text()}});
    (void)accepted.value();
    gate.BeginTunnel("tunnel-1");
  }

  std::string Sign(const control::Assertion& assertion) const {
    return control::MakeAssertion(assertion, key).value();
  }
  /// The field that every stream carries.
  void Add(http::Fields& fields) const { fields.Add(control::kAssertionField, Sign(user)); }

  Ed25519PrivateKey key = Ed25519PrivateKey::Generate(SystemRandom());
  WallTime now{std::chrono::seconds(1'700'000'000)};
  control::Assertion user{.key_id = key.public_key().Id(),
                          .audience = "box",
                          .tunnel = "tunnel-1",
                          .user_id = 7,
                          .provider = "github",
                          .subject = "583231",
                          .login = "Octocat",
                          .name = "Mona",
                          .groups = {"Acme", "Acme/Platform"},
                          .role = control::Role::kOwner,
                          .issued_at = 1'700'000'000,
                          .expires_at = 1'700'000'060};
  InlineWorker worker;
  HubTrust trust;
  AssertionGate gate;
};

}  // namespace berth::agent::testing
