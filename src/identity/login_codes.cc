#include "identity/login_codes.h"

#include <algorithm>
#include <utility>

#include "identity/credential.h"
#include "store/login_codes.h"

namespace berth::identity {
namespace {

Error Refused() { return Unauthorized("the sign-in code is unknown, used or too old"); }

/// Uses a code up and tells whose it was. Call it in a transaction. A wrong secret under a right id
/// leaves the code as it is.
Result<std::int64_t> RedeemLoginCode(store::Database& database, std::string_view text,
                                     std::chrono::milliseconds lifetime, WallTime now) {
  const auto presented = ParseCompact(text);
  const Error refused = Refused();
  if (!presented) return refused;
  auto code = store::FindLoginCode(database, presented->id);
  if (!code) return std::move(code).error();
  if (!*code || !EqualsInConstantTime((*code)->secret_hash, presented->secret_hash)) return refused;
  // Of a time to come: the clock was set back, and how old the code is nobody knows.
  const WallTime end = std::min((*code)->expires_at, (*code)->created_at + lifetime);
  if (now < (*code)->created_at || now >= end) return refused;
  auto deleted = store::DeleteLoginCode(database, presented->id);
  if (!deleted) return std::move(deleted).error();
  if (!*deleted) return refused;
  return (*code)->user_id;
}

}  // namespace

Result<Secret> IssueLoginCode(store::Database& database, std::int64_t user_id,
                              std::chrono::milliseconds lifetime, WallTime now,
                              const RandomSource& random) {
  auto tidied = store::DeleteExpiredLoginCodes(database, now);
  if (!tidied) return std::move(tidied).error();
  IssuedCredential issued = IssueCompact(random);
  auto inserted = store::InsertLoginCode(database, {.id = issued.id,
                                                    .secret_hash = issued.secret_hash,
                                                    .user_id = user_id,
                                                    .created_at = now,
                                                    .expires_at = now + lifetime});
  if (!inserted) return std::move(inserted).error();
  return std::move(issued.text);
}

LoginCodes::LoginCodes(store::Store& store, std::chrono::milliseconds lifetime, WallClock clock,
                       RandomSource random)
    : store_(store), lifetime_(lifetime), clock_(std::move(clock)), random_(std::move(random)) {}

Task<Result<Secret>> LoginCodes::Issue(std::int64_t user_id) {
  co_return co_await store_.Run(
      [user_id, lifetime = lifetime_, now = clock_(), random = random_](store::Database& database) {
        return IssueLoginCode(database, user_id, lifetime, now, random);
      });
}

Task<Result<std::int64_t>> LoginCodes::Redeem(Secret text) {
  if (!ParseCompact(text.Reveal())) co_return Refused();  // Not worth a transaction.
  co_return co_await store_.Run(
      [text = std::move(text), lifetime = lifetime_, now = clock_()](store::Database& database) {
        return RedeemLoginCode(database, text.Reveal(), lifetime, now);
      });
}

}  // namespace berth::identity
