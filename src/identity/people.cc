#include "identity/people.h"

#include <algorithm>
#include <tuple>

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
  user.sealed_credential.clear();
}

/// Notes a removal for as long as it lives.
class Removing {
 public:
  Removing(std::multiset<std::int64_t>& ids, std::int64_t id) : ids_(ids), place_(ids.insert(id)) {}
  ~Removing() { ids_.erase(place_); }
  Removing(const Removing&) = delete;
  Removing& operator=(const Removing&) = delete;

 private:
  std::multiset<std::int64_t>& ids_;
  const std::multiset<std::int64_t>::iterator place_;
};

}  // namespace

People::People(store::Store& store, WallClock clock, std::function<void()> on_change)
    : store_(store), clock_(std::move(clock)), on_change_(std::move(on_change)) {}

Task<Result<void>> People::Reload() {
  auto users =
      co_await store_.Read([](store::Database& database) { return store::ListUsers(database); });
  if (!users) co_return Wrap(std::move(users).error(), "read the users");
  people_.clear();
  for (auto& user : *users) {
    // Read before the removal that is being written.
    if (removing_.contains(user.id)) Strip(user);
    Put(std::move(user));
  }
  on_change_();
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
  auto user = co_await store_.Run([provider = std::move(provider), subject = std::move(subject),
                                   profile = std::move(profile), now = clock_()](
                                      store::Database& database) -> Result<store::User> {
    auto known = store::EnsureUser(database, provider, subject, profile.name, now);
    if (!known) return known;
    return Reread(database, known->id, store::SetUserProfile(database, known->id, profile, now));
  });
  if (!user) co_return std::move(user).error();
  const std::int64_t id = user->id;
  if (Put(std::move(*user))) on_change_();
  co_return Find(id);
}

Task<Result<void>> People::Remove(std::int64_t user_id) {
  if (const PersonPtr person = Find(user_id)) {
    store::User removed = *person;
    Strip(removed);
    if (Put(std::move(removed))) on_change_();
  }
  const Removing removing(removing_, user_id);
  auto user = co_await store_.Run([user_id](store::Database& database) {
    return Reread(database, user_id, store::SetUserRemoved(database, user_id, true));
  });
  if (!user) co_return std::move(user).error();
  if (Put(std::move(*user))) on_change_();
  co_return Ok();
}

Task<Result<void>> People::SetCredential(std::int64_t user_id, std::vector<std::byte> sealed) {
  auto user = co_await store_.Run([user_id, sealed = std::move(sealed)](store::Database& database) {
    return Reread(database, user_id, store::SetUserCredential(database, user_id, sealed));
  });
  if (!user) co_return std::move(user).error();
  if (Put(std::move(*user))) on_change_();
  co_return Ok();
}

Task<Result<void>> People::SetRole(std::int64_t user_id, store::HubRole role) {
  auto user = co_await store_.Run([user_id, role](store::Database& database) {
    return Reread(database, user_id, store::SetUserRole(database, user_id, role));
  });
  if (!user) co_return std::move(user).error();
  if (Put(std::move(*user))) on_change_();
  co_return Ok();
}

bool People::Put(store::User user) {
  const std::int64_t id = user.id;
  PersonPtr& place = people_[id];
  const bool is_same = place != nullptr && place->role == user.role &&
                       place->groups == user.groups && place->is_removed == user.is_removed;
  place = std::make_shared<const store::User>(std::move(user));
  return !is_same;
}

std::string_view LoginOf(const store::User& user) {
  return user.login.empty() ? user.name : user.login;
}

}  // namespace berth::identity
