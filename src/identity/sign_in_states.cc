#include "identity/sign_in_states.h"

#include <utility>

#include "base/encoding.h"
#include "identity/credential.h"
#include "identity/oauth.h"

namespace berth::identity {
namespace {

/// Sign-ins under way at a time.
constexpr std::size_t kMaxStates = 4096;

}  // namespace

SignInStates::SignInStates(std::chrono::milliseconds lifetime, WallClock clock, RandomSource random)
    : lifetime_(lifetime), clock_(std::move(clock)), random_(std::move(random)) {}

BegunSignIn SignInStates::Begin(std::string_view provider, std::string next) {
  const WallTime now = clock_();
  DropOld(now);
  IssuedCredential state = IssueCompact(random_);
  IssuedCredential browser = IssueCompact(random_);
  Secret verifier(Base64UrlEncode(RandomBytes<32>(random_)));
  std::string nonce = Base64UrlEncode(RandomBytes<32>(random_));
  BegunSignIn begun{.state = std::string(state.text.Reveal()),
                    .challenge = ChallengeOf(verifier),
                    .nonce = nonce,
                    .browser = std::move(browser.text)};
  by_age_.push_back(state.id);
  entries_[std::move(state.id)] =
      Entry{.state_hash = state.secret_hash,
            .browser_hash = Sha256(begun.browser.Reveal()),
            .provider = std::string(provider),
            .pending = {.verifier = std::move(verifier), .nonce = nonce, .next = std::move(next)},
            .expires_at = now + lifetime_};
  return begun;
}

std::optional<PendingSignIn> SignInStates::Take(std::string_view provider, std::string_view state,
                                                std::string_view browser) {
  const auto presented = ParseCompact(state);
  if (!presented) return std::nullopt;
  const auto found = entries_.find(std::string(presented->id));
  if (found == entries_.end()) return std::nullopt;
  if (!EqualsInConstantTime(found->second.state_hash, presented->secret_hash)) return std::nullopt;
  Entry entry = std::move(found->second);
  entries_.erase(found);
  if (!EqualsInConstantTime(entry.browser_hash, Sha256(browser))) return std::nullopt;
  if (clock_() >= entry.expires_at || entry.provider != provider) return std::nullopt;
  return std::move(entry.pending);
}

void SignInStates::DropOld(WallTime now) {
  while (!by_age_.empty()) {
    const auto oldest = entries_.find(by_age_.front());
    const bool is_used = oldest == entries_.end();
    const bool is_over = is_used || now >= oldest->second.expires_at;
    if (!is_over && by_age_.size() < kMaxStates) return;
    if (!is_used) entries_.erase(oldest);
    by_age_.pop_front();
  }
}

}  // namespace berth::identity
