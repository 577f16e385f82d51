#include "hub/instance_history.h"

#include "base/log.h"

namespace berth::hub {
namespace {

constexpr std::size_t kMaxReason = 200;

/// The oldest makes room. Lists are short, and most hubs have more instances than they have events:
/// an empty std::deque alone would take half a KiB.
template <class T>
void Append(std::vector<T>& list, T entry, std::size_t most) {
  if (list.size() == most) list.erase(list.begin());
  list.push_back(std::move(entry));
}

}  // namespace

InstanceHistory::InstanceHistory(Executor& executor, WallClock clock, Registry& registry)
    : executor_(executor),
      clock_(std::move(clock)),
      registry_(registry),
      sample_timer_([this] { TakeSamples(); }) {
  registry_.Subscribe(*this);
  executor_.ArmAfter(sample_timer_, kSampleEvery);
}

InstanceHistory::~InstanceHistory() { registry_.Unsubscribe(*this); }

const History& InstanceHistory::Of(std::string_view id) const {
  static const History kNothing;
  const auto place = entries_.find(id);
  return place == entries_.end() ? kNothing : place->second.history;
}

void InstanceHistory::OnInstanceChanged(const Instance& instance) {
  const auto place = entries_.find(instance.id());
  const InstanceLink* const known = place == entries_.end() ? nullptr : place->second.link;
  if (known == instance.link) return;
  Entry& entry = entries_[instance.id()];
  if (known != nullptr) {
    End(entry, instance.is_live() ? "another agent took over" : instance.why_away);
  }
  if (instance.is_live()) Begin(entry, instance);
}

void InstanceHistory::OnInstanceRemoved(const Instance& instance) { entries_.erase(instance.id()); }

void InstanceHistory::Begin(Entry& entry, const Instance& instance) {
  entry.link = instance.link;
  entry.counted = {};
  Append(entry.history.connections,
         Connection{.connected_at = instance.client.connected_at,
                    .address = std::string(instance.link->address())},
         kMaxConnections);
}

void InstanceHistory::End(Entry& entry, std::string_view reason) {
  entry.link = nullptr;
  Connection& last = entry.history.connections.back();
  last.disconnected_at = clock_();
  last.reason = ForLog(reason, kMaxReason);
}

void InstanceHistory::TakeSamples() {
  executor_.ArmAfter(sample_timer_, kSampleEvery);
  const WallTime now = clock_();
  for (auto& [id, entry] : entries_) {
    const Instance* const instance = entry.link == nullptr ? nullptr : registry_.Get(id);
    // A link that was fenced a moment ago may be about to go: only the registry's own is alive.
    if (instance == nullptr || instance->link != entry.link) continue;
    const control::Traffic total = instance->link->traffic();
    const control::Traffic minute{.in = total.in - entry.counted.in,
                                  .out = total.out - entry.counted.out};
    entry.counted = total;
    Append(entry.history.samples,
           Sample{.at = now, .latency = instance->link->latency(), .traffic = minute}, kMaxSamples);
  }
}

}  // namespace berth::hub
