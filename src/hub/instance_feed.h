// What one page, or script, is told of its user's instances: the list when it asks, and from then
// on every change, in pieces of which each waits until the one before was read.
//
// Belongs to a dashboard socket and lives on its loop; nothing here suspends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "control/message.h"
#include "hub/context.h"
#include "hub/registry.h"
#include "identity/access.h"

namespace berth::hub {

class InstanceFeed : public RegistryObserver, public identity::AccessObserver {
 public:
  /// The way to whoever is told. The functions must not end the feed.
  struct Reader {
    std::function<std::size_t(const control::Message&)> send;  ///< At once; returns its size.
    std::function<void()> ping;  ///< The pong to it says that what was sent before was read.
  };

  /// Tells nothing before Want(). `hub` must outlive the feed.
  InstanceFeed(HubContext& hub, std::int64_t user_id, Reader reader);
  ~InstanceFeed() override;

  /// The whole list, and from now on what changes; with `vitals`, also latencies and traffic. Once
  /// more: the list anew. Who asks again before that one was sent, or was read, gets one for all.
  void Want(bool vitals);
  /// What was sent has been read.
  void OnPong();
  /// What the user may see under this id now; nothing: there is no such instance for them.
  std::optional<VisibleInstance> FindVisible(std::string_view id) const;

  void OnInstanceChanged(const Instance& instance) override;
  void OnInstanceRemoved(const Instance& instance) override;
  /// The list follows a change of access soon, not at once.
  void OnAccessChanged(const identity::AccessChange& change) override;

 private:
  /// What was told of an instance.
  struct Shown {
    identity::InstanceRole role = identity::InstanceRole::kViewer;
    std::string path_url = {};
    bool is_live = false;
    control::Vitals vitals = {};
  };

  bool IsShown(const Instance& instance) const { return shown_.contains(instance.id()); }
  bool IsVisible(const Instance& instance) const;
  std::vector<VisibleInstance> Visible() const;
  /// Whether it is shown, or is not, as access to it is now.
  bool IsShownByAccess(const std::string& id) const;

  /// Answers all that asked for a list since the last one.
  void TellWantedList();
  /// The first round through all that was not told is over.
  void EndList();
  /// Tells how access has changed the list.
  void TellAccess();
  void TellAnew(const std::string& id);
  /// While there is room: whatever changes meanwhile is told as it is by then. In turn, so that
  /// none waits for others that change all the time.
  void TellUntold();
  /// What the registry says of it now.
  void TellOf(const std::string& id);
  /// Tells what changed since the last time; where that is much, the rest the next time.
  void TellVitals();
  /// How the instance is told of, which counts as told.
  control::Client NoteShown(const VisibleInstance& visible);
  /// Sends what waits for room.
  void Tell(const control::Message& message);
  /// Whether little enough is under way; see kMaxUnread.
  bool has_room() const;

  HubContext& hub_;
  const std::int64_t user_id_;
  const Reader reader_;
  bool wants_updates_ = false;
  std::set<std::string> access_changed_;  ///< The instances, since TellAccess().
  bool is_all_access_changed_ = false;    ///< It may be any.
  std::map<std::string, Shown> shown_;    ///< By id.
  std::set<std::string> untold_;          ///< Of which there is news; empty while there is room.
  std::string last_told_;                 ///< The id that was told of last.
  std::string last_vitals_;               ///< The id that was looked at last.
  bool is_list_wanted_ = false;           ///< It was asked for, and that was not answered yet.
  bool is_listing_ = false;               ///< Part of a list is among untold_.
  std::size_t unread_ = 0;                ///< Bytes since the last pong.
  Timer access_timer_;
  Timer list_timer_;  ///< Until the next list.
  Timer vitals_timer_;
};

}  // namespace berth::hub
