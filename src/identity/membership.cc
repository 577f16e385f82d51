#include "identity/membership.h"

#include <algorithm>

#include "base/log.h"

namespace berth::identity {
namespace {

using Ms = std::chrono::milliseconds;

/// People asked about at a time.
constexpr std::size_t kMaxAtOnce = 8;
/// One look at somebody is several questions: this many times the limit of one, at most.
constexpr int kPatience = 6;
/// Whom we did not come to ask about by then, after the deadline, is removed unasked. So long, too,
/// a question may fail after a start or a sleep during which the deadline passed: the network may
/// come later than we do.
constexpr Ms kSlack{60'000};

std::string Purpose(std::string_view provider, std::string_view subject) {
  return fmt::format("credential of {} {}", provider, subject);
}

}  // namespace

Task<void> RemovePerson(Identity& identity, PersonPtr person, std::string why) {
  LogInfo("{} ({} {}) is removed: {}", ForLog(LoginOf(*person)), person->provider,
          ForLog(person->subject), ForLog(why));
  identity.audit().Record({.action = audit_action::kUserRemove,
                           .actor_id = person->id,
                           .actor = std::string(LoginOf(*person)),
                           .detail = std::move(why)});
  // Memory first, disk then: both calls end access before they write.
  auto removed = identity.people().Remove(person->id);
  removed.Start();
  auto ended = co_await identity.sessions().RevokeAllOf(person->id);
  if (!ended) LogError("end sessions: {}", ended.error().ToString());
  auto written = co_await removed;
  if (!written) LogError("remove a user: {}", written.error().ToString());
}

std::vector<std::byte> SealCredential(const Sealer& sealer, std::string_view provider,
                                      std::string_view subject, const Credential& credential) {
  if (credential.access.empty()) return {};
  return sealer.Seal(Purpose(provider, subject), credential.ToText().Reveal());
}

MembershipChecks::MembershipChecks(const Context& with, Identity& identity,
                                   const Providers& providers)
    : executor_(with.executor),
      identity_(identity),
      sealer_(with.sealer),
      limits_(with.limits),
      clock_(with.clock),
      providers_(providers),
      awake_since_(clock_()),
      looked_at_(awake_since_),
      checking_(executor_) {}

Task<void> MembershipChecks::Run() {
  const Ms pause = std::clamp(limits_.membership_recheck / 10, Ms(20), Ms(1000));
  for (;;) {
    Look(clock_());
    co_await Sleep(executor_, pause);
  }
}

WallTime MembershipChecks::CheckedAt(const store::User& person) const {
  const WallTime checked = person.checked_at.value_or(person.created_at);
  const auto attempt = attempts_.find(person.id);
  if (attempt == attempts_.end() || !attempt->second.ahead_since) return checked;
  return std::min(checked, *attempt->second.ahead_since - limits_.membership_recheck);
}

WallTime MembershipChecks::DeadlineOf(const store::User& person) const {
  return CheckedAt(person) + limits_.membership_recheck + limits_.membership_grace;
}

bool MembershipChecks::AreGroupsTooOld(const store::User& person) const {
  return clock_() >= person.groups_at.value_or(person.created_at) + limits_.membership_recheck +
                         limits_.membership_grace;
}

WallTime MembershipChecks::DueOf(const store::User& person) const {
  const WallTime checked = CheckedAt(person);
  return checked < awake_since_ ? awake_since_ : checked + limits_.membership_recheck;
}

void MembershipChecks::NoteTime(WallTime now) {
  if (now < looked_at_ || now > looked_at_ + kSlack) awake_since_ = now;
  looked_at_ = now;
}

void MembershipChecks::NoteDates(const store::User& person, Attempt& attempt, WallTime now) {
  if (person.checked_at.value_or(person.created_at) <= now) {
    attempt.ahead_since.reset();
  } else if (!attempt.ahead_since || *attempt.ahead_since > now) {
    attempt.ahead_since = now;
  }
  if (now < DeadlineOf(person)) {
    attempt.overdue_since.reset();
  } else if (!attempt.overdue_since) {
    attempt.overdue_since = executor_.now();
  }
}

void MembershipChecks::Look(WallTime now) {
  NoteTime(now);
  for (const PersonPtr& person : identity_.people().List()) {
    if (person->provider != "local" && !person->is_removed) LookAt(person, now);
  }
}

void MembershipChecks::LookAt(const PersonPtr& person, WallTime now) {
  Attempt& attempt = attempts_[person->id];
  NoteDates(*person, attempt, now);
  if (attempt.is_running) return;
  if (now < DueOf(*person)) {
    attempt.waiting_since.reset();
    return;
  }
  const auto provider = std::ranges::find_if(
      providers_, [&](const auto& one) { return one->name() == person->provider; });
  if (provider == providers_.end()) {
    attempt.is_running = true;
    checking_.Spawn("removal", Remove(person, "this way to sign in is switched off"));
    return;
  }
  const TimePoint moment = executor_.now();
  if (moment < attempt.next) return;
  if (!attempt.waiting_since) attempt.waiting_since = moment;
  if (attempt.overdue_since &&
      moment >= std::max(*attempt.overdue_since, *attempt.waiting_since) + kSlack) {
    attempt.is_running = true;
    checking_.Spawn("removal", Remove(person, "not confirmed in time"));
    return;
  }
  if (checking_.size() >= kMaxAtOnce) return;
  attempt.is_running = true;
  attempt.waiting_since.reset();
  checking_.Spawn("membership", Check(person, **provider));
}

Task<void> MembershipChecks::Remove(PersonPtr person, std::string why) {
  co_await RemovePerson(identity_, person, std::move(why));
  attempts_.erase(person->id);
}

Task<void> MembershipChecks::Check(PersonPtr person, SignInProvider& provider) {
  // Not past the deadline, or a slow provider would lengthen the grace; but who is late already, as
  // after a sleep, is asked one question at least.
  const auto left = std::chrono::duration_cast<Ms>(DeadlineOf(*person) - clock_());
  const Ms patience =
      std::clamp(left, limits_.provider_timeout, kPatience * limits_.provider_timeout);
  Credential credential;
  auto verified =
      co_await WithDeadline(executor_, patience, "the provider", Ask(person, provider, credential));
  co_await Conclude(person, std::move(verified), std::move(credential));
  Attempt& attempt = attempts_[person->id];
  attempt.is_running = false;
  attempt.next = executor_.now() + std::clamp(limits_.membership_recheck / 4, Ms(20), Ms(60'000));
}

Task<Result<VerifiedPerson>> MembershipChecks::Ask(PersonPtr person, SignInProvider& provider,
                                                   Credential& credential) {
  if (person->sealed_credential.empty()) co_return Unavailable("nothing to ask the provider with");
  auto text = sealer_.Unseal(Purpose(person->provider, person->subject), person->sealed_credential);
  if (!text) co_return Unavailable(text.error().message);
  auto read = Credential::FromText(*text);
  if (!read) co_return Unavailable(read.error().message);
  credential = std::move(*read);
  co_return co_await provider.Recheck(*person, credential);
}

bool MembershipChecks::IsAsBefore(const PersonPtr& person) const {
  const PersonPtr now = identity_.people().Find(person->id);
  return now && !now->is_removed && now->checked_at == person->checked_at;
}

Task<void> MembershipChecks::Conclude(PersonPtr person, Result<VerifiedPerson> verified,
                                      Credential credential) {
  // Who signed in meanwhile, or was removed, needs no word of ours.
  if (!IsAsBefore(person)) co_return;
  std::vector<std::byte> sealed =
      SealCredential(sealer_, person->provider, person->subject, credential);
  if (verified && verified->subject != person->subject) {
    verified = Unauthorized("the credential is of somebody else");
  }
  if (verified && verified->is_admitted) {
    verified->profile.sealed_credential = std::move(sealed);
    if (!verified->profile.groups && AreGroupsTooOld(*person)) verified->profile.groups.emplace();
    // Told at a time to come: the clock was set back. They count as told now.
    if (!verified->profile.groups && person->groups_at > clock_()) {
      verified->profile.groups = person->groups;
    }
    auto kept =
        co_await identity_.Admit(person->provider, person->subject, std::move(verified->profile));
    if (!kept) LogWarn("membership of {}: {}", person->id, kept.error().ToString());
    co_return;
  }
  if (verified) co_return co_await RemovePerson(identity_, person, "no longer on an allow-list");
  const Error& error = verified.error();
  if (error.kind == ErrorKind::kUnauthorized) {
    co_return co_await RemovePerson(identity_, person, "refused: " + error.message);
  }
  LogWarn("membership of {} ({} {}): {}", ForLog(LoginOf(*person)), person->provider,
          ForLog(person->subject), error.ToString());
  const WallTime now = clock_();
  Attempt& attempt = attempts_[person->id];
  NoteTime(now);
  NoteDates(*person, attempt, now);
  const bool was_awake = DeadlineOf(*person) >= awake_since_;  // When it passed.
  if (attempt.overdue_since && (was_awake || executor_.now() >= *attempt.overdue_since + kSlack)) {
    co_return co_await RemovePerson(identity_, person, "not confirmed in time: " + error.message);
  }
  // A refresh token works once: the new one must not be lost with the answer.
  if (!sealed.empty() && !credential.refresh.empty()) {
    auto kept = co_await identity_.people().SetCredential(person->id, std::move(sealed));
    if (!kept) LogWarn("credential of {}: {}", person->id, kept.error().ToString());
  }
}

}  // namespace berth::identity
