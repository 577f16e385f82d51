// Shares: who else may open an instance, kept in memory over the store.
//
// What grants access is written before it counts; what takes it away counts at once and is then
// written, again and again if the disk fails. A share that has expired counts no more from that
// moment on, whether EndExpired() has run or not. Lives on one loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/wall_clock.h"
#include "identity/people.h"
#include "store/shares.h"
#include "store/store.h"

namespace berth::identity {

class Shares {
 public:
  /// Called after each change of who may open what, with the instances that it was about; none: it
  /// may be any. Must not change shares.
  using OnChange = std::function<void(std::vector<std::string> instance_ids)>;

  /// Everything handed in must outlive this object.
  Shares(store::Store& store, WallClock clock, OnChange on_change);

  /// Brings memory in line with the store. After a failure everything is as it was.
  Task<Result<void>> Reload();

  /// Writes a share and gives it its id and time; one for the same instance, kind and subject is
  /// replaced. kConflict: `created_by` has no such instance (any more: the id may be somebody
  /// else's by now), or the share was ended meanwhile. kTooLarge: the instance has as many as it
  /// may.
  Task<Result<store::ShareRow>> Put(store::ShareRow share);
  /// Turns the names in shares with groups into numbers, where `person` is in an org of that name
  /// (GroupIdOf): shares of before berth kept numbers.
  Task<Result<void>> BindGroups(PersonPtr person);
  /// Ends all shares of an instance that is being deleted: their rows go with its own.
  void Forget(std::string_view instance_id);
  /// Ends a share at once, then writes it. kNotFound: that instance has no such share.
  /// kUnavailable: it is ended, and it will be written later, unless the process dies before.
  Task<Result<void>> Remove(std::string instance_id, std::int64_t id);
  /// The same for all shares of an instance, in one change; success if there are none.
  Task<Result<void>> RemoveAllOf(std::string instance_id);

  /// The shares of an instance, some of which may have expired. Valid until the next change.
  std::span<const store::ShareRow> Of(std::string_view instance_id) const;
  /// Whether any share of the instance counts now.
  bool IsShared(std::string_view instance_id) const;
  bool IsLive(const store::ShareRow& share) const;

  /// Forgets what has expired. Cheap; to be called about twice a second.
  void EndExpired();
  /// Writes what is not written yet.
  Task<Result<void>> Flush();

 private:
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Rows = std::vector<store::ShareRow>;

  void Insert(store::ShareRow share);
  bool Erase(std::string_view instance_id, std::int64_t id);

  store::Store& store_;
  const WallClock clock_;
  const OnChange on_change_;
  std::unordered_map<std::string, Rows, TextHash, std::equal_to<>> by_instance_;
  WallTime next_due_ = WallTime::max();  ///< Nothing expires before this.
  std::uint64_t ends_ = 0;               ///< How many have ended.
  /// Ended, and as which of all that did; their rows may still be there.
  std::map<std::int64_t, std::uint64_t> unwritten_;
  std::multiset<std::uint64_t> putting_;  ///< Being written, and after how many ends each began.
};

}  // namespace berth::identity
