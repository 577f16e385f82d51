// InstanceHistory: what each instance's connection was like lately: when its agent came and went,
// and once a minute the round trip and how much its streams carried. In memory and bounded, so a
// restart of the hub forgets it. Lives on one loop; nothing here suspends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/wall_clock.h"
#include "hub/registry.h"

namespace berth::hub {

/// One connection of an instance's agent.
struct Connection {
  WallTime connected_at;
  std::optional<WallTime> disconnected_at = {};  ///< Nothing: it is up.
  std::string address = {};                      ///< Where the agent dialled from.
  std::string reason = {};  ///< Once it ended: why, printable and cut; "" if unknown.
};

/// One minute of a connection.
struct Sample {
  WallTime at;                           ///< When it ended.
  std::optional<Duration> latency = {};  ///< Of the last answered ping; nothing: none was yet.
  control::Traffic traffic = {};         ///< Of that minute.
};

/// What is known of one instance, the oldest first.
struct History {
  std::vector<Connection> connections = {};
  std::vector<Sample> samples = {};
};

class InstanceHistory : public RegistryObserver {
 public:
  static constexpr std::size_t kMaxConnections = 50;  ///< Per instance; older ones are forgotten.
  static constexpr std::size_t kMaxSamples = 60;      ///< Per instance: an hour of them.
  static constexpr Duration kSampleEvery = std::chrono::minutes(1);

  /// Watches `registry`, which must outlive this object and hold no instance that is live yet.
  InstanceHistory(Executor& executor, WallClock clock, Registry& registry);
  ~InstanceHistory() override;
  InstanceHistory(const InstanceHistory&) = delete;
  InstanceHistory& operator=(const InstanceHistory&) = delete;

  /// Empty if nothing happened since the hub started. Valid until the loop's next turn.
  const History& Of(std::string_view id) const;

  void OnInstanceChanged(const Instance& instance) override;
  void OnInstanceRemoved(const Instance& instance) override;

 private:
  struct Entry {
    History history;
    const InstanceLink* link = nullptr;  ///< Of the connection that is up; only ever compared.
    control::Traffic counted;            ///< What samples hold already of its traffic.
  };

  void End(Entry& entry, std::string_view reason);
  void Begin(Entry& entry, const Instance& instance);
  void TakeSamples();

  Executor& executor_;
  const WallClock clock_;
  Registry& registry_;
  std::map<std::string, Entry, std::less<>> entries_;
  Timer sample_timer_;
};

}  // namespace berth::hub
