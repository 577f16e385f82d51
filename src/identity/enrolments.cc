#include "identity/enrolments.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "identity/credential.h"

namespace berth::identity {
namespace {

/// Enrolments at a time.
constexpr std::size_t kMaxEnrolments = 1024;
constexpr std::size_t kMaxText = 100;

/// Consonants that are not mistaken for one another, and spell no words: 20^8 codes, 34.6 bits.
constexpr std::string_view kLetters = "BCDFGHJKLMNPQRSTVWXZ";
constexpr std::size_t kCodeLetters = 8;
/// The largest multiple of 20 that a byte can be below.
constexpr unsigned kFairBytes = 256 / kLetters.size() * kLetters.size();

/// Eight letters, each as likely as any other.
std::string RandomCode(const RandomSource& random) {
  std::string code;
  while (code.size() < kCodeLetters) {
    for (const std::byte byte : RandomBytes<16>(random)) {
      const auto number = std::to_integer<unsigned>(byte);
      if (number >= kFairBytes || code.size() == kCodeLetters) continue;
      code.push_back(kLetters[number % kLetters.size()]);
    }
  }
  return code;
}

std::string Shown(std::string_view code) {
  return fmt::format("{}-{}", code.substr(0, 4), code.substr(4));
}

bool IsPlain(std::string_view text) { return text.size() <= kMaxText && !HasControl(text); }

Result<void> Check(const EnrolmentRequest& request) {
  if (request.machine.empty() || !IsPlain(request.machine) || !IsPlain(request.agent_version) ||
      !IsPlain(request.platform)) {
    return Invalid(fmt::format(
        "a machine's name has 1 to {0} bytes, its description at most {0} a line, and neither has "
        "control characters",
        kMaxText));
  }
  if (!IsHostLabel(request.instance_id)) {
    return Invalid(fmt::format("\"{}\" is no id: it takes 1 to 63 of a-z, 0-9 and '-'",
                               ForLog(request.instance_id)));
  }
  return Ok();
}

}  // namespace

std::string NormalizeUserCode(std::string_view typed) {
  std::string code;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!kLetters.contains(c) || code.size() == kCodeLetters) return {};
    code.push_back(c);
  }
  return code.size() == kCodeLetters ? code : std::string();
}

Enrolments::Enrolments(const Limits& limits, WallClock clock, RandomSource random)
    : limits_(limits), clock_(std::move(clock)), random_(std::move(random)) {}

Result<StartedEnrolment> Enrolments::Start(EnrolmentRequest request) {
  auto checked = Check(request);
  if (!checked) return std::move(checked).error();
  const WallTime now = clock_();
  DropOld(now);
  std::string code = RandomCode(random_);
  while (ids_by_code_.contains(code)) code = RandomCode(random_);
  IssuedCredential issued = IssueCompact(random_);
  const WallTime expires_at = now + limits_.enrolment_lifetime;
  by_age_.push_back(issued.id);
  ids_by_code_[code] = issued.id;
  std::string shown = Shown(code);
  enrolments_[std::move(issued.id)] = Enrolment{.secret_hash = issued.secret_hash,
                                                .user_code = std::move(code),
                                                .request = std::move(request),
                                                .created_at = now,
                                                .expires_at = expires_at};
  return StartedEnrolment{.device_secret = std::move(issued.text),
                          .user_code = std::move(shown),
                          .expires_at = expires_at};
}

EnrolmentAnswer Enrolments::Poll(std::string_view device_secret) {
  using Kind = EnrolmentAnswer::Kind;
  Enrolment* const found = FindBySecret(device_secret);
  if (found == nullptr) return {};
  EnrolmentAnswer answer{.is_known = true};
  const WallTime now = clock_();
  if (now >= found->expires_at) return answer;
  // A clock that was set back must not silence the agent.
  const bool is_too_fast = found->polled_at && now >= *found->polled_at &&
                           now - *found->polled_at < limits_.enrolment_interval;
  found->polled_at = now;
  if (is_too_fast) {
    answer.kind = Kind::kTooFast;
    return answer;
  }
  switch (found->state) {
    case Enrolment::State::kPending:
      answer.kind = Kind::kPending;
      break;
    case Enrolment::State::kDenied:
      answer.kind = Kind::kDenied;
      break;
    case Enrolment::State::kApproved:
      answer.kind = Kind::kApproved;
      answer.grant = found->grant;
      answer.request = found->request;
      found->state = Enrolment::State::kTaken;
      break;
    case Enrolment::State::kTaken:
      answer.kind = found->token_id.empty() ? Kind::kPending : Kind::kTaken;
      answer.token_id = found->token_id;
      break;
  }
  return answer;
}

void Enrolments::Settle(std::string_view device_secret, std::string token_id) {
  Enrolment* const found = FindBySecret(device_secret);
  if (found != nullptr) found->token_id = std::move(token_id);
}

void Enrolments::Restore(std::string_view device_secret) {
  Enrolment* const found = FindBySecret(device_secret);
  if (found != nullptr && found->state == Enrolment::State::kTaken) {
    found->state = Enrolment::State::kApproved;
  }
}

Result<PendingEnrolment> Enrolments::Find(std::string_view typed_code) {
  const Enrolment* const found = FindByCode(typed_code);
  if (found == nullptr) return NotFound("no agent waits with that code");
  return PendingEnrolment{.user_code = Shown(found->user_code),
                          .request = found->request,
                          .created_at = found->created_at,
                          .expires_at = found->expires_at};
}

Result<PendingEnrolment> Enrolments::Approve(std::string_view typed_code, EnrolmentGrant grant) {
  auto pending = Find(typed_code);
  if (!pending) return pending;
  Enrolment& found = *FindByCode(typed_code);
  found.state = Enrolment::State::kApproved;
  found.grant = std::move(grant);
  return pending;
}

Result<PendingEnrolment> Enrolments::Deny(std::string_view typed_code) {
  auto pending = Find(typed_code);
  if (!pending) return pending;
  FindByCode(typed_code)->state = Enrolment::State::kDenied;
  return pending;
}

Enrolments::Enrolment* Enrolments::FindByCode(std::string_view typed_code) {
  const auto id = ids_by_code_.find(NormalizeUserCode(typed_code));
  if (id == ids_by_code_.end()) return nullptr;
  Enrolment& found = enrolments_.at(id->second);
  const bool is_pending = found.state == Enrolment::State::kPending && clock_() < found.expires_at;
  return is_pending ? &found : nullptr;
}

Enrolments::Enrolment* Enrolments::FindBySecret(std::string_view device_secret) {
  const auto presented = ParseCompact(device_secret);
  if (!presented) return nullptr;
  const auto found = enrolments_.find(std::string(presented->id));
  if (found == enrolments_.end()) return nullptr;
  if (!EqualsInConstantTime(found->second.secret_hash, presented->secret_hash)) return nullptr;
  return &found->second;
}

void Enrolments::DropOld(WallTime now) {
  while (!by_age_.empty()) {
    const auto oldest = enrolments_.find(by_age_.front());
    // An agent may ask once more when the time is over: it shall hear that, and not be taken for
    // somebody who guesses.
    const bool is_over = now >= oldest->second.expires_at + limits_.enrolment_lifetime;
    if (!is_over && by_age_.size() < kMaxEnrolments) return;
    ids_by_code_.erase(oldest->second.user_code);
    enrolments_.erase(oldest);
    by_age_.pop_front();
  }
}

}  // namespace berth::identity
