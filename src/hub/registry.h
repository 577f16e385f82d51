// Registry: every instance that the hub knows, live or away, who may see it, and who is told when
// one changes.
//
// A live instance has a link, whatever carries it. One id has one owner and at most one link: the
// newer connection wins, the older is fenced (it can change nothing here any more) and told why.
// Lives on one loop; nothing here suspends.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "base/wall_clock.h"
#include "control/assertion.h"
#include "control/message.h"
#include "http/message.h"
#include "identity/access.h"
#include "identity/people.h"

namespace berth::hub {

class V1Calls;

/// The connection to a live instance.
class InstanceLink {
 public:
  virtual ~InstanceLink() = default;
  /// Whether it is there: neither side has closed it, and it was not fenced.
  virtual bool is_open() const = 0;
  /// Exchanges with the instance. Fails with kUnavailable once the link is gone.
  virtual http::Service& streams() = 0;
  /// What to send along with a stream of `person`, in the field control::kAssertionField, so that
  /// the agent knows who it is: `session_id` is their session's, `role` what they are to the
  /// instance. "": nothing. An error: the stream must not be opened.
  virtual Result<std::string> Assert(const identity::PersonPtr& person, std::string_view session_id,
                                     control::Role role) = 0;
  /// Whether the instance speaks version 1. Known from the start.
  virtual bool is_version_1() const { return false; }
  /// The way to an instance that speaks version 1, once it is registered; null for every other.
  virtual std::shared_ptr<V1Calls> version_1() { return nullptr; }
  /// A newer connection took the id: tell this one and close it. It reports nothing more.
  virtual void Fence(std::string_view reason) = 0;
  /// Asks the agent to leave and not to come back by itself.
  virtual void Disconnect() = 0;
  /// Gives a user's answer to a session's question, and waits for what becomes of it. The task may
  /// outlive the link: it then fails with kUnavailable. kConflict: too many at once.
  virtual Task<Result<control::AnswerResult>> GiveAnswer(control::Answer answer) {
    (void)answer;
    co_return Unavailable("this agent takes no answers");
  }
  /// Tells the agent that a user has looked at the failure of a session. Of no meaning for an
  /// instance that tells of none. kUnavailable: the link is gone.
  virtual Result<void> MarkSeen(control::Seen seen) {
    (void)seen;
    return Ok();
  }
  /// The round trip of the last answered ping, if there was one.
  virtual std::optional<Duration> latency() const = 0;
  /// The address that its agent dialled from.
  virtual std::string_view address() const { return {}; }
  /// What its streams carried so far.
  virtual control::Traffic traffic() const { return {}; }
};

struct Instance {
  control::Client
      client;  ///< As browsers see it, but for `url`, which depends on the hub's address.
  std::int64_t user_id = 0;      ///< The owner.
  InstanceLink* link = nullptr;  ///< Null while the agent is away; status and state then say so.
  std::string why_away;          ///< While it is: how its last connection ended; "" if unknown.
  bool has_reported = false;     ///< Whether what it does is known since it connected.

  const std::string& id() const { return client.id; }
  bool is_live() const { return link != nullptr; }
};

/// An instance, and what somebody is to it.
struct VisibleInstance {
  const Instance* instance = nullptr;  ///< Never null. Valid until the registry next changes.
  identity::InstanceRole role = identity::InstanceRole::kViewer;
};

/// Whoever wants to know of changes; called on the loop, must not suspend, and must not
/// (un)subscribe from inside.
class RegistryObserver {
 public:
  virtual ~RegistryObserver() = default;
  /// The instance is new, came, left, or changed its status; the latter at most about ten times a
  /// second, the last change always.
  virtual void OnInstanceChanged(const Instance& instance) = 0;
  /// The instance was removed: the registry no longer knows it, and `instance` ends with the call.
  virtual void OnInstanceRemoved(const Instance& /*instance*/) {}
};

class Registry {
 public:
  /// Everything handed in must outlive the registry.
  Registry(Executor& executor, WallClock clock, const identity::Shares& shares)
      : executor_(executor),
        clock_(std::move(clock)),
        shares_(shares),
        untold_timer_([this] { TellUntold(); }) {}

  /// Makes known an instance of the database that is not connected.
  void Remember(std::string id, std::int64_t user_id, const control::Metadata& metadata,
                WallTime last_seen, std::string label = {});
  /// What its owner calls it from now on. Ignored if it is unknown.
  void SetLabel(std::string_view id, std::string label);
  /// Forgets an instance. REQUIRES: it is not live. Ignored if it is unknown.
  void Remove(std::string_view id);

  /// The instance is there, over `link`, which must call Disconnected() before it dies. An older
  /// link of the same id is fenced; what it reported stays until the newer one reports. One of
  /// version 1 has reported with `metadata`: it tells no sessions. kForbidden: the id belongs to
  /// another user.
  Result<void> Connected(std::string_view id, std::int64_t user_id,
                         const control::Metadata& metadata, InstanceLink& link);
  /// The link is gone, and why, in a few words. Ignored if a newer one took its place.
  void Disconnected(std::string_view id, const InstanceLink& link, std::string why = {});
  /// A report of that link. Ignored if a newer one took its place.
  void SetStatus(std::string_view id, const InstanceLink& link,
                 const control::StatusUpdate& update);

  /// Nothing if it is unknown, or if that person may not see it: they cannot tell which.
  std::optional<VisibleInstance> Find(std::string_view id, const store::User& person) const;
  /// What that person may see, by id.
  std::vector<VisibleInstance> List(const store::User& person) const;
  /// The first of those whose id comes after `id`; nothing: there is none. To go through the list
  /// while the registry changes.
  std::optional<VisibleInstance> Next(std::string_view id, const store::User& person) const;
  /// What that person is to the instance; nothing: it does not exist for them.
  std::optional<identity::InstanceRole> RoleOf(const Instance& instance,
                                               const store::User& person) const {
    return identity::RoleOf(shares_, person, instance.user_id, instance.id());
  }
  /// For the hub itself: whoever may see it. Null if it is unknown.
  const Instance* Get(std::string_view id) const;
  /// Links that are up.
  std::size_t live() const;

  void Subscribe(RegistryObserver& observer) { observers_.push_back(&observer); }
  void Unsubscribe(RegistryObserver& observer) { std::erase(observers_, &observer); }

 private:
  struct Entry : Instance {
    std::optional<TimePoint> told = {};  ///< When observers last heard of it.
  };

  void SetState(Instance& instance, control::State state);
  void Notify(Entry& entry);
  /// The same, unless observers were told of it a moment ago: then once that moment is over.
  void NotifySoon(Entry& entry);
  void TellUntold();

  Executor& executor_;
  WallClock clock_;
  const identity::Shares& shares_;
  std::map<std::string, Entry, std::less<>> instances_;
  std::map<std::string, TimePoint, std::less<>> untold_;  ///< When they are to hear of it.
  Timer untold_timer_;
  std::vector<RegistryObserver*> observers_;
};

}  // namespace berth::hub
