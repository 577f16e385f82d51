#include "identity/api_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "identity/credential.h"

namespace berth::identity {
namespace {

Result<void> CheckWanted(const NewApiToken& wanted, WallTime now) {
  if (!IsTokenName(wanted.name)) return Invalid("the token's name is empty, long or unprintable");
  if (wanted.scopes.empty()) return Invalid("a token without a scope is of no use");
  if (wanted.expires_at && *wanted.expires_at <= now) return Invalid("the expiry is in the past");
  return Ok();
}

Result<void> InsertWithinBounds(store::Database& database, const store::ApiTokenRow& row) {
  auto present = store::CountApiTokens(database, row.user_id);
  if (!present) return std::move(present).error();
  if (*present >= ApiTokens::kMaxPerUser) return Conflict("the user has too many API tokens");
  return store::InsertApiToken(database, row);
}

}  // namespace

bool ApiToken::Allows(Scope scope) const {
  return std::ranges::find(scopes, scope) != scopes.end();
}

ApiTokens::ApiTokens(store::Store& store, WallClock clock, RandomSource random)
    : store_(store), clock_(std::move(clock)), random_(std::move(random)) {}

ApiTokenPtr ApiTokens::Authenticate(std::string_view text) {
  const auto presented = ParseApiToken(text);
  if (!presented) return nullptr;
  const auto found = entries_.find(presented->id);
  if (found == entries_.end()) return nullptr;
  Entry& entry = found->second;
  if (!EqualsInConstantTime(entry.secret_hash, presented->secret_hash)) return nullptr;
  const WallTime now = clock_();
  if (entry.token->expires_at && now >= *entry.token->expires_at) return nullptr;
  entry.last_used_at = now;
  entry.is_dirty = true;
  return entry.token;
}

bool ApiTokens::IsAlive(const ApiToken& token) const {
  return entries_.contains(token.id) && (!token.expires_at || clock_() < *token.expires_at);
}

Task<Result<CreatedApiToken>> ApiTokens::Create(NewApiToken wanted) {
  const WallTime now = clock_();
  auto checked = CheckWanted(wanted, now);
  if (!checked) co_return std::move(checked).error();
  IssuedCredential issued = IssueApiToken(random_);
  store::ApiTokenRow row;
  row.id = std::move(issued.id);
  row.secret_hash = issued.secret_hash;
  row.user_id = wanted.user_id;
  row.name = std::move(wanted.name);
  for (const Scope scope : AllScopes()) {
    if (std::ranges::find(wanted.scopes, scope) == wanted.scopes.end()) continue;
    row.scopes.emplace_back(ToString(scope));
  }
  row.created_at = now;
  row.expires_at = wanted.expires_at;
  auto saved = co_await store_.Run(
      [row](store::Database& database) { return InsertWithinBounds(database, row); });
  if (!saved) co_return std::move(saved).error();
  Insert(row);
  co_return CreatedApiToken{.token = entries_.at(row.id).token, .text = std::move(issued.text)};
}

Task<Result<void>> ApiTokens::Revoke(std::int64_t user_id, std::string id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.token->user_id != user_id) {
    co_return NotFound(fmt::format("there is no API token {}", ForLog(id)));
  }
  entries_.erase(found);
  unwritten_.insert(std::move(id));
  co_return co_await Flush();
}

std::vector<ApiTokenListing> ApiTokens::List(std::int64_t user_id) const {
  std::vector<ApiTokenListing> list;
  for (const auto& [id, entry] : entries_) {
    if (entry.token->user_id != user_id) continue;
    list.push_back({.token = entry.token, .last_used_at = entry.last_used_at});
  }
  std::ranges::sort(list, [](const auto& a, const auto& b) {
    return std::tie(b.token->created_at, a.token->id) < std::tie(a.token->created_at, b.token->id);
  });
  return list;
}

Task<Result<void>> ApiTokens::Flush() {
  const std::vector<std::string> revoked(unwritten_.begin(), unwritten_.end());
  std::vector<std::pair<std::string, WallTime>> used;
  for (const auto& [id, entry] : entries_) {
    if (entry.is_dirty) used.emplace_back(id, *entry.last_used_at);
  }
  if (revoked.empty() && used.empty()) co_return Ok();
  auto written = co_await store_.Run([revoked, used](store::Database& database) -> Result<void> {
    for (const auto& id : revoked) {
      auto deleted = store::DeleteApiToken(database, id);
      if (!deleted) return std::move(deleted).error();
    }
    for (const auto& [id, time] : used) {
      auto noted = store::NoteApiTokenUse(database, id, time);
      if (!noted) return noted;
    }
    return Ok();
  });
  if (!written) co_return Wrap(std::move(written).error(), "write API tokens");
  for (const auto& id : revoked) unwritten_.erase(id);
  for (const auto& [id, time] : used) {
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second.last_used_at == time) {
      found->second.is_dirty = false;
    }
  }
  co_return Ok();
}

Task<Result<void>> ApiTokens::Reload() {
  auto rows = co_await store_.Read(
      [](store::Database& database) { return store::ListApiTokens(database); });
  if (!rows) co_return Wrap(std::move(rows).error(), "read API tokens");
  std::set<std::string_view> present;
  for (const auto& row : *rows) present.insert(row.id);
  std::erase_if(entries_, [&](const auto& item) { return !present.contains(item.first); });
  for (const auto& row : *rows) {
    // What was revoked stays revoked, whether its row is gone yet or not.
    if (!unwritten_.contains(row.id) && !entries_.contains(row.id)) Insert(row);
  }
  co_return Ok();
}

void ApiTokens::Insert(const store::ApiTokenRow& row) {
  auto token = std::make_shared<ApiToken>();
  token->id = row.id;
  token->user_id = row.user_id;
  token->name = row.name;
  for (const std::string& name : row.scopes) {
    if (const auto scope = ParseScope(name)) token->scopes.push_back(*scope);
  }
  token->created_at = row.created_at;
  token->expires_at = row.expires_at;
  Entry& entry = entries_[row.id];
  entry.token = std::move(token);
  entry.secret_hash = row.secret_hash;
  entry.last_used_at = row.last_used_at;
}

}  // namespace berth::identity
