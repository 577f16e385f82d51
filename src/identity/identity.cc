#include "identity/identity.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "identity/groups.h"
#include "identity/owner.h"

namespace berth::identity {
namespace {

/// How soon what another process did to the database counts, and what expires ends.
constexpr Duration kPollEach = std::chrono::milliseconds(500);
/// How old the stored time of a last use may be.
constexpr Duration kFlushEach = std::chrono::minutes(1);
constexpr Duration kRetryAfter = std::chrono::seconds(5);

}  // namespace

Identity::Identity(const Context& with)
    : executor_(with.executor),
      store_(with.store),
      clock_(with.clock),
      people_(store_, clock_, [this](auto user_id) { NotifyAccess({.user_id = user_id}); }),
      shares_(store_, clock_, [this](auto ids) { NotifyAccess({.instance_ids = std::move(ids)}); }),
      audit_(executor_, store_, clock_),
      signing_keys_(store_, with.sealer, clock_, with.random),
      sessions_(executor_, store_, with.limits, clock_, with.random),
      tokens_(executor_, store_, clock_, with.random),
      api_tokens_(store_, clock_, with.random),
      login_codes_(store_, with.limits.login_code_lifetime, clock_, with.random),
      tickets_(with.limits.ticket_lifetime, clock_, with.random),
      enrolments_(with.limits, clock_, with.random),
      sign_in_limiter_(executor_, "sign-ins", with.limits.sign_in_attempts),
      enrolment_limiter_(executor_, "enrolments", with.limits.sign_in_attempts),
      token_limiter_(executor_, "bad agent tokens", with.limits.sign_in_attempts),
      api_token_limiter_(executor_, "bad API tokens", with.limits.sign_in_attempts) {}

Task<Result<void>> Identity::Load() {
  auto owner = co_await store_.Run(
      [now = clock_()](store::Database& database) { return EnsureOwner(database, now); });
  if (!owner) co_return Wrap(std::move(owner).error(), "make the owner");
  owner_id_ = owner->id;
  co_return co_await ReloadIfChanged();
}

Task<Result<void>> Identity::ReloadIfChanged() {
  auto version = co_await store_.DataVersion();
  if (!version) co_return Wrap(std::move(version).error(), "look for changes");
  if (*version == data_version_) co_return Ok();
  auto signing_keys = co_await signing_keys_.Reload();
  if (!signing_keys) co_return std::move(signing_keys).error();
  auto people = co_await people_.Reload();
  if (!people) co_return std::move(people).error();
  auto shares = co_await shares_.Reload();
  if (!shares) co_return std::move(shares).error();
  auto sessions = co_await sessions_.Reload();
  if (!sessions) co_return std::move(sessions).error();
  auto tokens = co_await tokens_.Reload();
  if (!tokens) co_return std::move(tokens).error();
  auto api_tokens = co_await api_tokens_.Reload();
  if (!api_tokens) co_return std::move(api_tokens).error();
  data_version_ = *version;
  co_return Ok();
}

Task<Result<PersonPtr>> Identity::Admit(std::string provider, std::string subject,
                                        store::UserProfile profile) {
  auto person = co_await people_.Admit(std::move(provider), std::move(subject), std::move(profile));
  if (!person) co_return person;
  if (!AreGroupIdsKnown(people_)) co_return person;
  auto bound = co_await shares_.BindGroups(*person);
  // The next look at anybody of that org does it.
  if (!bound) LogWarn("shares with orgs: {}", bound.error().ToString());
  co_return person;
}

Task<Result<void>> Identity::Flush() {
  auto people = co_await people_.Flush();
  auto sessions = co_await sessions_.Flush();
  auto shares = co_await shares_.Flush();
  auto tokens = co_await tokens_.Flush();
  auto api_tokens = co_await api_tokens_.Flush();
  co_await audit_.Flush();
  if (!people) co_return std::move(people).error();
  if (!sessions) co_return std::move(sessions).error();
  if (!shares) co_return std::move(shares).error();
  if (!tokens) co_return std::move(tokens).error();
  co_return std::move(api_tokens);
}

Task<void> Identity::Maintain() {
  bool is_failing = false;
  TimePoint next_flush = executor_.now() + kFlushEach;
  for (;;) {
    co_await Sleep(executor_, kPollEach);
    sessions_.EndExpired();
    tokens_.EndExpired();
    shares_.EndExpired();
    auto done = co_await ReloadIfChanged();
    if (people_.is_behind()) next_flush = std::min(next_flush, executor_.now() + kRetryAfter);
    const bool is_flush = done && executor_.now() >= next_flush;
    if (is_flush) {
      done = co_await Flush();
      next_flush = executor_.now() + kFlushEach;
    }
    // Once per spell, which ends with a write that works: a full disk would fill the log next.
    if (!done) {
      if (!is_failing) LogWarn("identity: {}; trying again", done.error().ToString());
      is_failing = true;
      next_flush = executor_.now() + kRetryAfter;
    } else if (is_flush && is_failing) {
      LogInfo("identity: the database works again");
      is_failing = false;
    }
  }
}

void Identity::NotifyAccess(const AccessChange& change) {
  for (AccessObserver* observer : observers_) observer->OnAccessChanged(change);
}

Task<Result<bool>> Identity::HasAnybodySignedIn() {
  co_return co_await store_.Read(
      [](store::Database& database) { return store::HasAnybodySignedIn(database); });
}

}  // namespace berth::identity
