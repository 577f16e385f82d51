// Notifier: watches the registry, and puts into the outbox what people are to be told: a session
// that waits for its user, a run that ended or failed, an instance that has been away for a while.
//
// What goes on (runs, and that an instance is there) is also in the database, so that an end that
// comes while the hub is away is told when it is back. Each event has a key made of what happened,
// not of when it was seen: told twice, it is written once. Nobody waits for the database.
// Lives on one loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/task.h"
#include "hub/context.h"
#include "hub/notification.h"
#include "hub/notify_queue.h"
#include "hub/registry.h"

namespace berth::hub {

class Notifier : public RegistryObserver {
 public:
  /// Everything handed in must outlive this object. `public_url` is where links lead.
  Notifier(HubContext& hub, Outbox& outbox, std::string public_url);
  ~Notifier() override;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  /// Reads what went on when the hub ended, then watches. To be awaited once the registry knows the
  /// instances of the database.
  Task<Result<void>> Start();
  /// Watches no more: the hub is about to leave, and that agents leave with it is nothing to tell.
  void Stop();
  /// Returns when all of it is written; gives up after limits.drain_grace.
  Task<void> Flush() { return queue_.Flush(); }

  void OnInstanceChanged(const Instance& instance) override;
  void OnInstanceRemoved(const Instance& instance) override;

 private:
  /// What was seen of one session.
  struct Session {
    std::optional<WallTime> run_id;  ///< While a run goes.
    bool is_carried = false;         ///< The run was seen on an earlier connection only.
    std::string asked;               ///< The key of the question that was told; "" for none.
    std::string failed;              ///< The key of the failure that was told; "" for none.
    std::string title;
  };
  struct Watched {
    std::int64_t owner = 0;  ///< 0 until the registry has told of the instance.
    std::optional<WallTime>
        online_id;  ///< Since when it is there; nothing once its leave was told.
    std::optional<WallTime> connected_at;
    TimePoint settled{};  ///< From then on what the agent does not name is over.
    std::map<std::string, Session, std::less<>> sessions;
    std::unique_ptr<Timer> offline;
    std::unique_ptr<Timer> settling;
  };

  void SeeConnection(const Instance& instance, Watched& watched);
  void SeeSession(const Instance& instance, Watched& watched, const control::SessionInfo& info);
  void SeeMissing(const Instance& instance, Watched& watched,
                  const std::vector<control::SessionInfo>& infos);
  void AwaitReturn(const std::string& id, Watched& watched);
  void Forget(const std::string& id);
  void TellOffline(const std::string& id);
  void Settle(const std::string& id);

  NotifyQueue::Change MakeChange(const Instance& instance, NotifyEvent event,
                                 std::string_view session_id, std::string_view what,
                                 std::string title, std::string body) const;
  std::vector<std::int64_t> WhoIsTold(const Instance& instance) const;

  HubContext& hub_;
  const std::string public_url_;
  bool is_watching_ = false;
  std::map<std::string, Watched, std::less<>> watched_;
  NotifyQueue queue_;
};

}  // namespace berth::hub
