#include "hub/notify_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

#include "base/log.h"
#include "hub/outbox.h"
#include "store/notify_targets.h"

namespace berth::hub {
namespace {

/// Of one owner: all that many instances say when they come back at once.
constexpr std::size_t kMaxShare = 2'000;
/// Of all: many owners' shares, as none is used for long while the database works.
constexpr std::size_t kMaxQueue = 20'000;
/// In one transaction: others wait for the database meanwhile.
constexpr std::size_t kMostAtOnce = 200;
constexpr auto kStorePause = std::chrono::milliseconds(1'000);
constexpr auto kTellLosses = std::chrono::minutes(1);

/// Targets of people, each of whom is asked for once.
class Targets {
 public:
  explicit Targets(store::Database& database) : database_(database) {}

  Result<const std::vector<store::NotifyTargetRow>*> Of(std::int64_t user) {
    auto place = known_.find(user);
    if (place == known_.end()) {
      auto read = store::ListNotifyTargets(database_, user);
      if (!read) return std::move(read).error();
      place = known_.emplace(user, *std::move(read)).first;
    }
    return &place->second;
  }

 private:
  store::Database& database_;
  std::map<std::int64_t, std::vector<store::NotifyTargetRow>> known_;
};

}  // namespace

NotifyQueue::NotifyQueue(HubContext& hub, Outbox& outbox)
    : hub_(hub),
      outbox_(outbox),
      losses_timer_([this] { TellLosses(); }),
      has_work_(hub.executor),
      is_idle_(hub.executor) {
  is_idle_.Set();
}

void NotifyQueue::Start() { writer_ = Job(hub_.executor, "notifier", Write()); }

Task<void> NotifyQueue::Flush() {
  auto flushed = co_await WithDeadline(hub_.executor, hub_.limits.drain_grace, "the database",
                                       UntilSet(is_idle_));
  if (!flushed) LogError("write notifications: {}", flushed.error().ToString());
}

void NotifyQueue::Push(std::int64_t owner, Change change) {
  const auto share = shares_.find(owner);
  const bool is_spent = share != shares_.end() && share->second >= kMaxShare;
  if (is_spent || queue_.size() >= kMaxQueue) {
    NoteLoss(fmt::format("of instances of user {}", owner), 1, "the database does not keep up");
    return;
  }
  ++shares_[owner];
  queue_.push_back({owner, std::move(change)});
  is_idle_.Reset();
  has_work_.Set();
}

Task<void> NotifyQueue::Write() {
  for (;;) {
    co_await has_work_.Wait();
    has_work_.Reset();
    while (!queue_.empty()) {
      const std::size_t count = std::min(queue_.size(), kMostAtOnce);
      std::vector<Entry> entries;
      for (const Entry& entry : queue_ | std::views::take(count)) entries.push_back(entry);
      auto written = co_await WriteNow(std::move(entries));
      if (!written) {
        LogError("write notifications: {}", written.error().ToString());
        co_await Sleep(hub_.executor, kStorePause);
        continue;
      }
      for (std::size_t i = 0; i < count; ++i) {
        const auto share = shares_.find(queue_.front().owner);
        if (--share->second == 0) shares_.erase(share);
        queue_.pop_front();
      }
      for (const auto& [target, dropped] : written->dropped) {
        NoteLoss(fmt::format("to target {}", target), dropped,
                 fmt::format("{} wait already", hub_.limits.notify_waiting));
      }
      if (written->is_anything_new) outbox_.Wake();
    }
    is_idle_.Set();
  }
}

Task<Result<NotifyQueue::Written>> NotifyQueue::WriteNow(std::vector<Entry> entries) {
  co_return co_await hub_.store.Run([entries = std::move(entries), now = hub_.clock(),
                                     most = static_cast<std::int64_t>(hub_.limits.notify_waiting)](
                                        store::Database& database) -> Result<Written> {
    Written written;
    Targets targets(database);
    std::set<std::string> grown;
    for (const auto& [owner, change] : entries) {
      for (const std::int64_t user : change.users) {
        auto own = targets.Of(user);
        if (!own) return std::move(own).error();
        for (const store::NotifyTargetRow& target : **own) {
          if (std::ranges::find(target.events, change.notification->event) == target.events.end())
            continue;
          Notification told = *change.notification;
          if (user != owner) told.title = change.others_title;
          store::OutboxRow row;
          row.target_id = target.id;
          row.dedupe_key = change.key;
          row.event = ToJson(told);
          row.created_at = row.not_before = now;
          auto inserted = store::InsertOutbox(database, row);
          if (!inserted) return std::move(inserted).error();
          if (*inserted) grown.insert(target.id);
        }
      }
      for (const store::NotifyWatchRow& row : change.begun) {
        auto put = store::PutNotifyWatch(database, row);
        if (!put) return std::move(put).error();
      }
      for (const store::NotifyWatchRow& row : change.ended) {
        auto deleted = store::DeleteNotifyWatch(database, row);
        if (!deleted) return std::move(deleted).error();
      }
    }
    for (const std::string& target : grown) {
      auto dropped = store::TrimOutbox(database, target, most);
      if (!dropped) return std::move(dropped).error();
      if (*dropped > 0) written.dropped[target] = *dropped;
    }
    written.is_anything_new = !grown.empty();
    return written;
  });
}

void NotifyQueue::NoteLoss(const std::string& whose, std::int64_t count, std::string_view why) {
  if (!losses_timer_.is_armed()) hub_.executor.ArmAfter(losses_timer_, kTellLosses);
  const auto [loss, is_first] = losses_.try_emplace(whose, 0);
  loss->second += count;
  if (is_first) LogWarn("events {}: {}; some are lost", whose, why);
}

void NotifyQueue::TellLosses() {
  for (const auto& [whose, count] : losses_) {
    LogWarn("events {}: {} were lost within a minute", whose, count);
  }
  losses_.clear();
}

}  // namespace berth::hub
