// NotifyQueue: writes into the database what people are to be told and what goes on, in order and
// many at a time, while nobody waits for it.
//
// A database that does not keep up costs those who ask too much of it: each owner of instances has
// a share of what may wait, and all of them a bound. What is lost is in the hub's log, one line
// when it begins and one that says how much it was. Lives on one loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event.h"
#include "base/task_group.h"
#include "hub/context.h"
#include "hub/notification.h"
#include "store/outbox.h"

namespace berth::hub {

class Outbox;

class NotifyQueue {
 public:
  struct Change {
    std::optional<Notification> notification = {};
    std::string key = {};  ///< Of the notification: told twice, it is written once.
    std::vector<std::int64_t> users = {};
    /// Of the notification, for those of `users` who are not the owner: says whose instance it is.
    std::string others_title = {};
    std::vector<store::NotifyWatchRow> begun = {};
    std::vector<store::NotifyWatchRow> ended = {};
  };

  /// Everything handed in must outlive this object.
  NotifyQueue(HubContext& hub, Outbox& outbox);

  /// Begins to write.
  void Start();
  /// `owner`: the user of whose instance it is, 0 if unknown.
  void Push(std::int64_t owner, Change change);
  /// Returns when all of it is written; gives up after limits.drain_grace.
  Task<void> Flush();

 private:
  struct Entry {
    std::int64_t owner = 0;
    Change change;
  };
  struct Written {
    bool is_anything_new = false;
    std::map<std::string, std::int64_t> dropped = {};  ///< How many, by target.
  };

  Task<void> Write();
  Task<Result<Written>> WriteNow(std::vector<Entry> entries);
  void NoteLoss(const std::string& whose, std::int64_t count, std::string_view why);
  void TellLosses();

  HubContext& hub_;
  Outbox& outbox_;
  std::deque<Entry> queue_;
  std::map<std::int64_t, std::size_t> shares_;  ///< How many of them are whose.
  std::map<std::string, std::int64_t> losses_;  ///< Since the first of them was told.
  Timer losses_timer_;
  Event has_work_;
  Event is_idle_;
  Job writer_;
};

}  // namespace berth::hub
