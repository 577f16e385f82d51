// Locator: finds the instance, tells what kind it is, picks its adapter, and finds it again after
// it was away. The instance may be started before the agent, after it, or again and again.
//
// What it says first may be the word of a proxy before it, while it starts. So unless it says
// itself that it is a claudecodeui of a present version, it is asked again now and then, ever more
// seldom.
//
// Lives on the loop; must outlive the exchanges that use its adapters.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/adapters/claudecodeui.h"
#include "agent/adapters/generic.h"
#include "agent/discovery.h"
#include "agent/options.h"
#include "base/event.h"

namespace berth::agent {

struct LocatorOptions {
  DiscoveryOptions discovery;
  AdapterChoice choice = AdapterChoice::kAuto;
  SignInOptions sign_in;
  GenericOptions generic;
};

class Locator {
 public:
  /// `instance` is a client for wherever info() points to. `on_found` is called each time that the
  /// instance was found, with its adapter.
  Locator(Executor& executor, Worker& worker, http::Service& instance, LocatorOptions options,
          std::function<void(Adapter&)> on_found);

  /// Where the instance is, as far as is known. The same object for good.
  const InstanceInfo& info() const { return info_; }

  /// The kind of the adapter in use; "" while the instance was never found.
  std::string adapter_kind() const { return adapter_kind_; }
  /// What the instance said of itself when it was last found; "" if nothing.
  const std::string& version() const { return health_.version; }

  /// Called each time that it was looked for and not found.
  void SetOnLost(std::function<void()> on_lost) { on_lost_ = std::move(on_lost); }

  /// Looks for as long as the Task lives.
  Task<void> Run();
  /// The instance turned out to be away, or was started: look again soon.
  void LookAgain() {
    is_expected_new_ = true;
    look_.Set();
  }
  /// Nobody has looked for a while: find out whether it is still what it was, unless it is of a
  /// kind that cannot change. If it is, nothing is made of it.
  void Check();

 private:
  /// Whether it was found. What is as it was is announced only if it `is_expected_new`.
  Task<bool> Look(bool is_expected_new);
  bool IsDoubtful(const InstanceHealth& health);
  bool is_certain() const;
  Adapter& Choose(const InstanceHealth& health);
  void Say(std::string line);

  Executor& executor_;
  Worker& worker_;
  http::Service& instance_;
  LocatorOptions options_;
  std::function<void(Adapter&)> on_found_;
  std::function<void()> on_lost_;
  InstanceInfo info_;
  std::string adapter_kind_;
  Event look_;
  bool is_expected_new_ = true;
  InstanceHealth health_;                   // When it was last found.
  std::optional<TimePoint> doubted_since_;  // It is no claudecodeui any more, by its answers.
  Timer check_timer_;
  std::string said_;  // The last line, so that each state is logged once.
  // Made when first needed and kept: exchanges may still use them.
  std::unique_ptr<ClaudeCodeUi> claudecodeui_;
  std::unique_ptr<Generic> generic_;
};

}  // namespace berth::agent
