// Assertions: what signing and checking cost, and what an agent's cache makes of it.
#include <benchmark/benchmark.h>

#include "agent/assertion_gate.h"
#include "agent/worker_testing.h"

namespace berth::agent {
namespace {

/// A hub's key, and a gate that believes it.
struct Pair {
  Pair() {
    (void)trust.Accept({{.public_key = key.public_key().Text()}}).value();
    gate.BeginTunnel("0123456789abcdef0123456789abcdef");
    const auto second =
        std::chrono::duration_cast<std::chrono::seconds>(SystemWallClock()().time_since_epoch())
            .count();
    user = {.key_id = key.public_key().Id(),
            .audience = "laptop",
            .tunnel = "0123456789abcdef0123456789abcdef",
            .user_id = 7,
            .provider = "github",
            .subject = "583231",
            .login = "octocat",
            .name = "The Octocat",
            .groups = {"acme", "acme/platform", "acme/on-call"},
            .role = control::Role::kOwner,
            .issued_at = second,
            .expires_at = second + 60};
  }

  Ed25519PrivateKey key = Ed25519PrivateKey::Generate(SystemRandom());
  InlineWorker worker;
  // Told the key, it has nothing to write.
  HubTrust trust = HubTrust::Open({.hub = "https://hub.example",
                                   .file = "/nonexistent/known-hubs",
                                   .key = key.public_key()},
                                  worker)
                       .value();
  AssertionGate gate{"laptop", trust, SystemWallClock()};
  control::Assertion user;
};

void Make(benchmark::State& state) {
  const Pair pair;
  for (auto _ : state) benchmark::DoNotOptimize(control::MakeAssertion(pair.user, pair.key));
}
BENCHMARK(Make)->Name("assertion/make");

void CheckFirst(benchmark::State& state) {
  Pair pair;
  http::Fields fields;
  fields.Add(control::kAssertionField, control::MakeAssertion(pair.user, pair.key).value());
  for (auto _ : state) {
    pair.gate.Forget();
    auto user = pair.gate.Check(fields);
    if (!user) state.SkipWithError(user.error().message.c_str());
  }
}
BENCHMARK(CheckFirst)->Name("assertion/check-first");

void CheckAgain(benchmark::State& state) {
  Pair pair;
  http::Fields fields;
  for (int i = 0; i < 16; ++i) fields.Add("x-some-field", "what a browser sends");
  fields.Add(control::kAssertionField, control::MakeAssertion(pair.user, pair.key).value());
  for (auto _ : state) {
    auto user = pair.gate.Check(fields);
    if (!user) state.SkipWithError(user.error().message.c_str());
  }
}
BENCHMARK(CheckAgain)->Name("assertion/check-again");

}  // namespace
}  // namespace berth::agent
