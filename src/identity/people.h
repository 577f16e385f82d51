// People: everybody who may sign in, kept in memory over the store: what access is decided by and
// what agents are told.
//
// Lives on one loop; a PersonPtr stays what it was while it is held, so look people up anew for
// each request.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/wall_clock.h"
#include "store/store.h"
#include "store/users.h"

namespace berth::identity {

using PersonPtr = std::shared_ptr<const store::User>;

class People {
 public:
  /// Everything handed in must outlive this object. `on_change` is called after each change that
  /// may give or take access: groups, roles, removal; it must not change people.
  People(store::Store& store, WallClock clock, std::function<void()> on_change);

  /// Brings memory in line with the store. After a failure everything is as it was.
  Task<Result<void>> Reload();

  /// The user of that id, or null; removed ones too.
  PersonPtr Find(std::int64_t user_id) const;
  /// The user with that provider and subject, or null.
  PersonPtr Find(std::string_view provider, std::string_view subject) const;
  /// Everybody, by name.
  std::vector<PersonPtr> List() const;

  /// Somebody whom a provider vouches for and the policy admits: made if new, else brought up to
  /// date, and no longer removed.
  Task<Result<PersonPtr>> Admit(std::string provider, std::string subject,
                                store::UserProfile profile);
  /// The policy no longer admits them, from this moment; then it is written. Ending their sessions
  /// is the caller's. kUnavailable: not written.
  Task<Result<void>> Remove(std::int64_t user_id);
  /// Keeps what to ask their provider with from now on.
  Task<Result<void>> SetCredential(std::int64_t user_id, std::vector<std::byte> sealed);
  Task<Result<void>> SetRole(std::int64_t user_id, store::HubRole role);

 private:
  /// Whether it may have given or taken access.
  bool Put(store::User user);

  store::Store& store_;
  const WallClock clock_;
  const std::function<void()> on_change_;
  std::unordered_map<std::int64_t, PersonPtr> people_;
  std::multiset<std::int64_t> removing_;  ///< Those whose removal is being written.
};

/// What to call them: the provider's name for them, else their own.
std::string_view LoginOf(const store::User& user);

}  // namespace berth::identity
