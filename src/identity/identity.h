// Identity: everything about who may do what, put together for the hub over one store.
//
// Maintain() keeps it alive: it notices what other processes (berth token, berth login-link) change
// in the database, ends what expires, and writes back what is not urgent. Lives on one loop.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "identity/access.h"
#include "identity/agent_tokens.h"
#include "identity/api_tokens.h"
#include "identity/audit.h"
#include "identity/context.h"
#include "identity/enrolments.h"
#include "identity/login_codes.h"
#include "identity/people.h"
#include "identity/rate_limiter.h"
#include "identity/sessions.h"
#include "identity/shares.h"
#include "identity/signing_keys.h"
#include "identity/tickets.h"

namespace berth::identity {

class Identity {
 public:
  explicit Identity(const Context& with);

  /// To be awaited before anything else: makes the owner, reads people, sessions and tokens.
  Task<Result<void>> Load();
  /// Runs for ever; a Job of whoever owns this object. Errors are logged and tried again.
  Task<void> Maintain();
  /// For an orderly end: writes what is not written yet.
  Task<Result<void>> Flush();

  /// As People::Admit; names of orgs in shares that this person is the first to show mean theirs
  /// from now on.
  Task<Result<PersonPtr>> Admit(std::string provider, std::string subject,
                                store::UserProfile profile);

  People& people() { return people_; }
  Audit& audit() { return audit_; }
  SigningKeys& signing_keys() { return signing_keys_; }
  Shares& shares() { return shares_; }
  const Shares& shares() const { return shares_; }
  Sessions& sessions() { return sessions_; }
  AgentTokens& tokens() { return tokens_; }
  ApiTokens& api_tokens() { return api_tokens_; }
  LoginCodes& login_codes() { return login_codes_; }
  Tickets& tickets() { return tickets_; }
  Enrolments& enrolments() { return enrolments_; }
  /// Counts sign-ins, and wrong codes of enrolments.
  RateLimiter& sign_in_limiter() { return sign_in_limiter_; }
  /// Counts enrolments that agents begin, and wrong secrets of those who wait for one.
  RateLimiter& enrolment_limiter() { return enrolment_limiter_; }
  /// Counts bad agent tokens.
  RateLimiter& token_limiter() { return token_limiter_; }
  /// Counts bad API tokens: an agent with an old token keeps no script of its address out.
  RateLimiter& api_token_limiter() { return api_token_limiter_; }

  /// The local owner. REQUIRES: Load() succeeded.
  std::int64_t owner_id() const { return owner_id_; }
  /// Tells `observer` whenever people may have gained or lost access; it must outlive this, or
  /// unsubscribe.
  void Subscribe(AccessObserver& observer) { observers_.push_back(&observer); }
  void Unsubscribe(AccessObserver& observer) { std::erase(observers_, &observer); }
  /// Whether anybody ever signed in; asks the store.
  Task<Result<bool>> HasAnybodySignedIn();
  /// Takes in at once what another process wrote, rather than with the next round of Maintain().
  Task<Result<void>> ReloadIfChanged();

 private:
  void NotifyAccess(const AccessChange& change);

  Executor& executor_;
  store::Store& store_;
  const WallClock clock_;
  std::vector<AccessObserver*> observers_;
  People people_;
  Shares shares_;
  Audit audit_;
  SigningKeys signing_keys_;
  Sessions sessions_;
  AgentTokens tokens_;
  ApiTokens api_tokens_;
  LoginCodes login_codes_;
  Tickets tickets_;
  Enrolments enrolments_;
  RateLimiter sign_in_limiter_;
  RateLimiter enrolment_limiter_;
  RateLimiter token_limiter_;
  RateLimiter api_token_limiter_;
  std::int64_t owner_id_ = 0;
  std::optional<std::int64_t> data_version_;  ///< Of what is in memory; nothing before Load().
};

}  // namespace berth::identity
