// People: everybody who may sign in, kept in memory over the store: what access is decided by and
// what agents are told.
//
// What takes access away counts at once and is then written, again and again if the disk fails; the
// same goes for what providers are asked with. What grants access is written before it counts.
// Lives on one loop; a PersonPtr stays what it was while it is held, so look people up anew for
// each request.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/wall_clock.h"
#include "store/store.h"
#include "store/users.h"

namespace berth::identity {

using PersonPtr = std::shared_ptr<const store::User>;

class People {
 public:
  /// Called after each change that may give or take access (groups, roles, removal), with whose it
  /// was; nothing: it may be anybody's. Must not change people.
  using OnChange = std::function<void(std::optional<std::int64_t> user_id)>;

  /// Everything handed in must outlive this object.
  People(store::Store& store, WallClock clock, OnChange on_change);

  /// Brings memory in line with the store. After a failure everything is as it was.
  Task<Result<void>> Reload();

  /// The user of that id, or null; removed ones too.
  PersonPtr Find(std::int64_t user_id) const;
  /// The user with that provider and subject, or null.
  PersonPtr Find(std::string_view provider, std::string_view subject) const;
  /// Everybody, by id. Valid until the next change.
  const std::unordered_map<std::int64_t, PersonPtr>& all() const { return people_; }
  /// Everybody, by name.
  std::vector<PersonPtr> List() const;

  /// Somebody whom a provider vouches for and the policy admits: made if new, else brought up to
  /// date, and no longer removed. kUnauthorized: removed meanwhile. Of what could not be written,
  /// the credential of somebody who is not removed is kept all the same.
  Task<Result<PersonPtr>> Admit(std::string provider, std::string subject,
                                store::UserProfile profile);
  /// The policy no longer admits them, from this moment until they are admitted again; then it is
  /// written. Ending their sessions is the caller's. kUnavailable: it will be written later, unless
  /// the process dies before.
  Task<Result<void>> Remove(std::int64_t user_id);
  /// What to ask their provider with from now on; then it is written. kNotFound: there is no such
  /// user, or they are removed. kUnavailable: as in Remove().
  Task<Result<void>> SetCredential(std::int64_t user_id, std::vector<std::byte> sealed);
  Task<Result<void>> SetRole(std::int64_t user_id, store::HubRole role);

  /// Writes what is not written yet.
  Task<Result<void>> Flush();
  /// Whether a write failed, so that Flush() should not wait long: after a restart a removal that
  /// is not written gives access again, and a credential is lost.
  bool is_behind() const { return is_behind_; }

 private:
  void KeepCredential(const PersonPtr& person, std::vector<std::byte> sealed);
  /// Whether it may have given or taken access.
  bool Put(store::User user);

  store::Store& store_;
  const WallClock clock_;
  const OnChange on_change_;
  std::unordered_map<std::int64_t, PersonPtr> people_;
  std::uint64_t removals_ = 0;  ///< How many there have been.
  /// Removed, and as which of all; their rows may still say otherwise.
  std::map<std::int64_t, std::uint64_t> unwritten_removals_;
  std::map<std::int64_t, std::vector<std::byte>> unwritten_credentials_;
  bool is_behind_ = false;
  /// Whose admission is being written, and how many removals it comes after.
  std::multiset<std::pair<std::int64_t, std::uint64_t>> admitting_;
};

/// What to call them: the provider's name for them, else their own.
std::string_view LoginOf(const store::User& user);

}  // namespace berth::identity
