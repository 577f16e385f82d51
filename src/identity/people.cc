#include "identity/people.h"

#include <algorithm>
#include <tuple>

#include "identity/noted.h"

namespace berth::identity {
namespace {

/// The user of that id after a change.
Result<store::User> Reread(store::Database& database, std::int64_t user_id, Result<void> change) {
  if (!change) return std::move(change).error();
  auto user = store::FindUser(database, user_id);
  if (!user) return std::move(user).error();
  if (!*user) return NotFound("there is no such user");
  return std::move(**user);
}

/// Nothing of a removed person is left to be used.
void Strip(store::User& user) {
  user.is_removed = true;
  user.groups.clear();
  user.group_ids.clear();
  user.sealed_credential.clear();
}

/// One that there is no row for (any more) is as good as written.
Result<void> UnlessGone(Result<void> change) {
  if (!change && change.error().kind == ErrorKind::kNotFound) return Ok();
  return change;
}

/// Forgets what was written, unless it is another by now.
template <class Map>
void EraseWritten(Map& unwritten, const Map& written) {
  for (const auto& [id, value] : written) {
    const auto place = unwritten.find(id);
    if (place != unwritten.end() && place->second == value) unwritten.erase(place);
  }
}

}  // namespace

People::People(store::Store& store, WallClock clock, OnChange on_change)
    : store_(store), clock_(std::move(clock)), on_change_(std::move(on_change)) {}

Task<Result<void>> People::Reload() {
  auto users =
      co_await store_.Read([](store::Database& database) { return store::ListUsers(database); });
  if (!users) co_return Wrap(std::move(users).error(), "read the users");
  people_.clear();
  for (auto& user : *users) Put(std::move(user));
  on_change_(std::nullopt);
  co_return Ok();
}

PersonPtr People::Find(std::int64_t user_id) const {
  const auto place = people_.find(user_id);
  return place == people_.end() ? nullptr : place->second;
}

PersonPtr People::Find(std::string_view provider, std::string_view subject) const {
  for (const auto& [id, person] : people_) {
    if (person->provider == provider && person->subject == subject) return person;
  }
  return nullptr;
}

std::vector<PersonPtr> People::List() const {
  std::vector<PersonPtr> list;
  for (const auto& [id, person] : people_) list.push_back(person);
  std::ranges::sort(list, {}, [](const PersonPtr& person) {
    return std::tuple(std::string_view(person->name), person->id);
  });
  return list;
}

Task<Result<PersonPtr>> People::Admit(std::string provider, std::string subject,
                                      store::UserProfile profile) {
  const PersonPtr known = Find(provider, subject);
  const std::vector<std::byte> sealed = profile.sealed_credential;
  // It may be all that is left to ask with: the one before it may have worked once only.
  if (known && !known->is_removed) KeepCredential(known, sealed);
  const std::uint64_t removals_before = removals_;
  const Noted admission(admitting_, std::pair(known ? known->id : 0, removals_before));
  auto user = co_await store_.Run([provider = std::move(provider), subject = std::move(subject),
                                   profile = std::move(profile), now = clock_()](
                                      store::Database& database) -> Result<store::User> {
    auto known = store::EnsureUser(database, provider, subject, profile.name, now);
    if (!known) return known;
    return Reread(database, known->id, store::SetUserProfile(database, known->id, profile, now));
  });
  if (!user) {
    is_behind_ = true;
    co_return std::move(user).error();
  }
  const std::int64_t id = user->id;
  if (const auto removal = unwritten_removals_.find(id);
      removal != unwritten_removals_.end() && removal->second > removals_before) {
    co_return Unauthorized("the user was removed meanwhile");  // Which is written next.
  }
  unwritten_removals_.erase(id);
  EraseWritten(unwritten_credentials_, {{id, sealed}});
  if (Put(std::move(*user))) on_change_(id);
  co_return Find(id);
}

Task<Result<void>> People::Remove(std::int64_t user_id) {
  unwritten_removals_.insert_or_assign(user_id, ++removals_);
  unwritten_credentials_.erase(user_id);
  if (const PersonPtr person = Find(user_id); person && Put(*person)) on_change_(user_id);
  co_return co_await Flush();
}

Task<Result<void>> People::SetCredential(std::int64_t user_id, std::vector<std::byte> sealed) {
  const PersonPtr person = Find(user_id);
  if (!person || person->is_removed) co_return NotFound("there is no such user");
  KeepCredential(person, std::move(sealed));
  co_return co_await Flush();
}

void People::KeepCredential(const PersonPtr& person, std::vector<std::byte> sealed) {
  unwritten_credentials_.insert_or_assign(person->id, std::move(sealed));
  Put(*person);
}

Task<Result<void>> People::SetRole(std::int64_t user_id, store::HubRole role) {
  auto user = co_await store_.Run([user_id, role](store::Database& database) {
    return Reread(database, user_id, store::SetUserRole(database, user_id, role));
  });
  if (!user) co_return std::move(user).error();
  if (Put(std::move(*user))) on_change_(user_id);
  co_return Ok();
}

Task<Result<void>> People::Flush() {
  auto removals = unwritten_removals_;
  // Written behind an admission that came after it, a removal would undo it.
  std::erase_if(removals, [this](const auto& removal) {
    const auto admission = admitting_.lower_bound(removal);
    return admission != admitting_.end() && admission->first == removal.first;
  });
  const auto credentials = unwritten_credentials_;
  is_behind_ = false;
  if (removals.empty() && credentials.empty()) co_return Ok();
  auto written =
      co_await store_.Run([removals, credentials](store::Database& database) -> Result<void> {
        for (const auto& [id, number] : removals) {
          auto removed = UnlessGone(store::SetUserRemoved(database, id, true));
          if (!removed) return removed;
        }
        for (const auto& [id, sealed] : credentials) {
          auto set = UnlessGone(store::SetUserCredential(database, id, sealed));
          if (!set) return set;
        }
        return Ok();
      });
  if (!written) {
    is_behind_ = true;
    co_return Wrap(std::move(written).error(), "write users");
  }
  EraseWritten(unwritten_removals_, removals);
  EraseWritten(unwritten_credentials_, credentials);
  co_return Ok();
}

bool People::Put(store::User user) {
  const std::int64_t id = user.id;
  // Its row may not say yet what has been decided here.
  if (unwritten_removals_.contains(id)) {
    Strip(user);
  } else if (const auto kept = unwritten_credentials_.find(id);
             kept != unwritten_credentials_.end()) {
    user.sealed_credential = kept->second;
  }
  PersonPtr& place = people_[id];
  const bool is_same = place != nullptr && place->role == user.role &&
                       place->groups == user.groups && place->group_ids == user.group_ids &&
                       place->is_removed == user.is_removed;
  place = std::make_shared<const store::User>(std::move(user));
  return !is_same;
}

std::string_view LoginOf(const store::User& user) {
  return user.login.empty() ? user.name : user.login;
}

}  // namespace berth::identity
