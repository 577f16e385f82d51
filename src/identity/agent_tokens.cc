#include "identity/agent_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "identity/credential.h"

namespace berth::identity {
namespace {

constexpr std::size_t kMaxInstanceIds = 64;

struct NewToken {
  store::TokenRow row;
  Secret text;
};

Result<void> CheckTerms(const AgentTokenTerms& terms, WallTime now) {
  if (terms.instance_ids.size() > kMaxInstanceIds) {
    return Invalid(fmt::format("a token is limited to at most {} ids", kMaxInstanceIds));
  }
  for (const std::string& id : terms.instance_ids) {
    if (IsHostLabel(id)) continue;
    return Invalid(
        fmt::format("\"{}\" is no id: it takes 1 to 63 of a-z, 0-9 and '-'", ForLog(id)));
  }
  if (terms.expires_at && *terms.expires_at <= now) {
    return Invalid("a token must expire in the future");
  }
  return Ok();
}

Result<NewToken> MakeToken(std::int64_t user_id, std::string_view name, AgentTokenTerms terms,
                           WallTime now, const RandomSource& random) {
  if (!IsTokenName(name)) {
    return Invalid(fmt::format(
        "a token's name has 1 to 100 bytes and no control characters: \"{}\"", ForLog(name)));
  }
  auto checked = CheckTerms(terms, now);
  if (!checked) return std::move(checked).error();
  IssuedCredential issued = IssueAgentToken(random);
  return NewToken{.row = {.id = std::move(issued.id),
                          .secret_hash = issued.secret_hash,
                          .user_id = user_id,
                          .name = std::string(name),
                          .created_at = now,
                          .last_used_at = std::nullopt,
                          .revoked_at = std::nullopt,
                          .instance_ids = std::move(terms.instance_ids),
                          .expires_at = terms.expires_at},
                  .text = std::move(issued.text)};
}

Result<void> InsertWithinBounds(store::Database& database, const store::TokenRow& row) {
  auto present = store::CountTokens(database, row.user_id);
  if (!present) return std::move(present).error();
  if (*present >= kMaxAgentTokensPerUser) {
    return Conflict(fmt::format("the user has {} agent tokens already: revoke some of them",
                                kMaxAgentTokensPerUser));
  }
  auto forgotten = store::ForgetRevokedTokens(database, row.user_id, kMaxAgentTokensPerUser);
  if (!forgotten) return forgotten;
  return store::InsertToken(database, row);
}

}  // namespace

Result<CreatedAgentToken> CreateAgentToken(store::Database& database, std::int64_t user_id,
                                           std::string_view name, AgentTokenTerms terms,
                                           WallTime now, const RandomSource& random) {
  auto made = MakeToken(user_id, name, std::move(terms), now, random);
  if (!made) return std::move(made).error();
  auto inserted = InsertWithinBounds(database, made->row);
  if (!inserted) return std::move(inserted).error();
  return CreatedAgentToken{.id = std::move(made->row.id),
                           .name = std::move(made->row.name),
                           .text = std::move(made->text)};
}

AgentToken::AgentToken(Executor& executor, const store::TokenRow& row)
    : id(row.id),
      user_id(row.user_id),
      name(row.name),
      created_at(row.created_at),
      terms{.instance_ids = row.instance_ids, .expires_at = row.expires_at},
      ended(executor) {}

AgentToken::AgentToken(Executor& executor, const AgentToken& other)
    : id(other.id),
      user_id(other.user_id),
      name(other.name),
      created_at(other.created_at),
      terms(other.terms),
      ended(executor) {}

bool AgentToken::MayRegister(std::string_view instance_id) const {
  return terms.instance_ids.empty() ||
         std::ranges::find(terms.instance_ids, instance_id) != terms.instance_ids.end();
}

AgentTokens::AgentTokens(Executor& executor, store::Store& store, WallClock clock,
                         RandomSource random)
    : executor_(executor), store_(store), clock_(std::move(clock)), random_(std::move(random)) {}

AgentTokens::~AgentTokens() = default;

template <class Source>
std::shared_ptr<AgentToken> AgentTokens::Begin(const Source& source) {
  auto token = std::make_shared<AgentToken>(executor_, source);
  next_due_ = std::min(next_due_, token->terms.expires_at.value_or(next_due_));
  return token;
}

AgentTokenPtr AgentTokens::Authenticate(std::string_view text) {
  const auto presented = ParseAgentToken(text);
  if (!presented) return nullptr;
  const auto found = entries_.find(presented->id);
  if (found == entries_.end()) return nullptr;
  Entry& entry = found->second;
  if (!EqualsInConstantTime(entry.secret_hash, presented->secret_hash)) return nullptr;
  const WallTime now = clock_();
  if (entry.token->HasExpired(now)) return nullptr;
  // Revoked it would not be here: the clock was ahead for a while.
  if (entry.token->ended.is_set()) {
    entry.token = Begin(*entry.token);
  }
  entry.last_used_at = now;
  entry.is_dirty = true;
  return entry.token;
}

Task<Result<CreatedAgentToken>> AgentTokens::Create(std::int64_t user_id, std::string name,
                                                    AgentTokenTerms terms) {
  auto made = MakeToken(user_id, name, std::move(terms), clock_(), random_);
  if (!made) co_return std::move(made).error();
  auto saved = co_await store_.Run(
      [row = made->row](store::Database& database) { return InsertWithinBounds(database, row); });
  if (!saved) co_return std::move(saved).error();
  const store::TokenRow& row = made->row;
  entries_[row.id] =
      Entry{.token = Begin(row), .secret_hash = row.secret_hash, .last_used_at = std::nullopt};
  co_return CreatedAgentToken{.id = row.id, .name = row.name, .text = std::move(made->text)};
}

Task<Result<void>> AgentTokens::Revoke(std::int64_t user_id, std::string id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.token->user_id != user_id) {
    co_return NotFound(fmt::format("there is no token {}", ForLog(id)));
  }
  found->second.token->ended.Set();
  entries_.erase(found);
  unwritten_.insert(std::move(id));
  co_return co_await Flush();
}

void AgentTokens::EndExpired() {
  const WallTime now = clock_();
  if (now < next_due_) return;
  next_due_ = WallTime::max();
  for (const auto& [id, entry] : entries_) {
    if (entry.token->HasExpired(now)) {
      entry.token->ended.Set();
    } else {
      next_due_ = std::min(next_due_, entry.token->terms.expires_at.value_or(next_due_));
    }
  }
}

std::vector<AgentTokenListing> AgentTokens::List(std::int64_t user_id) const {
  std::vector<AgentTokenListing> list;
  for (const auto& [id, entry] : entries_) {
    if (entry.token->user_id != user_id) continue;
    list.push_back({.id = id,
                    .name = entry.token->name,
                    .created_at = entry.token->created_at,
                    .last_used_at = entry.last_used_at,
                    .terms = entry.token->terms});
  }
  std::ranges::sort(list, [](const auto& a, const auto& b) {
    return std::tie(b.created_at, a.id) < std::tie(a.created_at, b.id);
  });
  return list;
}

Task<Result<void>> AgentTokens::Flush() {
  const std::vector<std::string> revoked(unwritten_.begin(), unwritten_.end());
  std::vector<std::pair<std::string, WallTime>> used;
  for (const auto& [id, entry] : entries_) {
    if (entry.is_dirty) used.emplace_back(id, *entry.last_used_at);
  }
  if (revoked.empty() && used.empty()) co_return Ok();
  auto written = co_await store_.Run(
      [revoked, used, now = clock_()](store::Database& database) -> Result<void> {
        for (const auto& id : revoked) {
          auto done = store::RevokeToken(database, id, now);
          if (!done && done.error().kind != ErrorKind::kNotFound) return std::move(done).error();
        }
        for (const auto& [id, time] : used) {
          auto noted = store::NoteTokenUse(database, id, time);
          if (!noted) return noted;
        }
        return Ok();
      });
  if (!written) co_return Wrap(std::move(written).error(), "write tokens");
  for (const auto& id : revoked) unwritten_.erase(id);
  for (const auto& [id, time] : used) {
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second.last_used_at == time) {
      found->second.is_dirty = false;
    }
  }
  co_return Ok();
}

Task<Result<void>> AgentTokens::Reload() {
  auto rows =
      co_await store_.Read([](store::Database& database) { return store::ListTokens(database); });
  if (!rows) co_return Wrap(std::move(rows).error(), "read tokens");
  Replace(*std::move(rows));
  co_return Ok();
}

void AgentTokens::Replace(std::vector<store::TokenRow> rows) {
  // What was revoked stays revoked, whether its row says so yet or not.
  std::erase_if(rows, [this](const auto& row) {
    return row.revoked_at.has_value() || unwritten_.contains(row.id);
  });
  std::set<std::string_view> valid;
  for (const auto& row : rows) valid.insert(row.id);
  std::erase_if(entries_, [&](const auto& item) {
    if (valid.contains(item.first)) return false;
    item.second.token->ended.Set();
    return true;
  });
  for (const auto& row : rows) {
    Entry& entry = entries_[row.id];
    if (entry.token != nullptr) continue;
    entry.token = Begin(row);
    entry.secret_hash = row.secret_hash;
    entry.last_used_at = row.last_used_at;
  }
}

}  // namespace berth::identity
