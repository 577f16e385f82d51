#include "identity/sessions.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "identity/credential.h"
#include "store/notify_targets.h"
#include "store/users.h"

namespace berth::identity {
namespace {

constexpr std::size_t kMaxUserAgent = 256;
/// Sessions of one user, children not counted: beyond it, the one unused longest ends.
constexpr std::size_t kMaxPerUser = 100;
/// Children of one session for one instance. A browser presents the newest only; the others are
/// kept for the sockets that they let in.
constexpr std::size_t kMaxPerInstance = 8;

}  // namespace

Session::Session(Executor& executor, const store::SessionRow& row)
    : id(row.id),
      user_id(row.user_id),
      parent_id(row.parent_id.value_or("")),
      instance_id(row.instance_id.value_or("")),
      created_at(row.created_at),
      expires_at(row.expires_at),
      address(row.address),
      user_agent(row.user_agent),
      ended(executor) {}

Sessions::Sessions(Executor& executor, store::Store& store, const Limits& limits, WallClock clock,
                   RandomSource random)
    : executor_(executor),
      store_(store),
      limits_(limits),
      clock_(std::move(clock)),
      random_(std::move(random)),
      next_due_(WallTime::max()) {}

Sessions::~Sessions() = default;

Sessions::Entry* Sessions::FindEntry(std::string_view id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

SessionPtr Sessions::Find(std::string_view id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end() || IsExpired(found->second, clock_())) return nullptr;
  return found->second.session;
}

WallTime Sessions::DueOf(const Entry& entry) const {
  return std::min(entry.session->expires_at, entry.last_used_at + limits_.session_idle);
}

bool Sessions::IsExpired(const Entry& entry, WallTime now) const { return now >= DueOf(entry); }

Sessions::Entry* Sessions::Check(std::string_view cookie_value, WallTime now) {
  const auto presented = ParseCompact(cookie_value);
  if (!presented) return nullptr;
  Entry* entry = FindEntry(presented->id);
  if (entry == nullptr) return nullptr;
  if (!EqualsInConstantTime(entry->secret_hash, presented->secret_hash)) return nullptr;
  if (IsExpired(*entry, now)) {
    End(entry->session->id, Ending::kExpired);
    return nullptr;
  }
  return entry;
}

SessionPtr Sessions::Authenticate(std::string_view cookie_value, Use use) {
  const WallTime now = clock_();
  Entry* entry = Check(cookie_value, now);
  if (entry == nullptr || !entry->session->parent_id.empty()) return nullptr;
  if (use == Use::kCounts) MarkUsed(*entry, now);
  return entry->session;
}

SessionPtr Sessions::AuthenticateChild(std::string_view cookie_value, std::string_view instance_id,
                                       Use use) {
  const WallTime now = clock_();
  Entry* entry = Check(cookie_value, now);
  if (entry == nullptr || entry->session->parent_id.empty()) return nullptr;
  if (entry->session->instance_id != instance_id) return nullptr;
  if (use == Use::kCounts) MarkUsed(*entry, now);
  return entry->session;
}

void Sessions::MarkUsed(Entry& entry, WallTime now) {
  if (now > entry.last_used_at) {
    entry.last_used_at = now;
    entry.is_dirty = true;
  }
  if (entry.session->parent_id.empty()) return;
  if (Entry* parent = FindEntry(entry.session->parent_id)) MarkUsed(*parent, now);
}

void Sessions::NoteUses(WallTime now) {
  for (auto& [id, entry] : entries_) {
    if (std::exchange(entry.session->was_used, false)) MarkUsed(entry, now);
    Bound(entry, now);
  }
}

void Sessions::Bound(Entry& entry, WallTime now) {
  WallTime& expires_at = entry.session->expires_at;
  const WallTime latest = now + limits_.session_absolute;
  if (entry.last_used_at <= now && expires_at <= latest) return;
  entry.last_used_at = std::min(entry.last_used_at, now);
  expires_at = std::min(expires_at, latest);
  entry.is_dirty = true;
  next_due_ = std::min(next_due_, DueOf(entry));
}

Task<Result<CreatedSession>> Sessions::Create(NewSession request) {
  std::vector<SessionListing> present = List(request.user_id);
  while (present.size() >= kMaxPerUser) {
    End(present.back().session->id, Ending::kByHand);
    present.pop_back();
  }
  IssuedCredential issued = IssueCompact(random_);
  const WallTime now = clock_();
  store::SessionRow row{.id = std::move(issued.id),
                        .secret_hash = issued.secret_hash,
                        .user_id = request.user_id,
                        .parent_id = std::nullopt,
                        .instance_id = std::nullopt,
                        .created_at = now,
                        .last_used_at = now,
                        .expires_at = now + limits_.session_absolute,
                        .address = std::move(request.address),
                        .user_agent = request.user_agent.substr(0, kMaxUserAgent)};
  co_return co_await Save(std::move(row), std::move(issued.text));
}

Task<Result<CreatedSession>> Sessions::CreateChild(SessionPtr parent, std::string instance_id) {
  Entry* entry = FindEntry(parent->id);
  if (entry == nullptr) co_return Unauthorized("the session ended");
  std::vector<const Entry*> siblings;
  for (const std::string& id : entry->children) {
    const Entry* child = FindEntry(id);
    if (child != nullptr && child->session->instance_id == instance_id) siblings.push_back(child);
  }
  if (siblings.size() >= kMaxPerInstance) {
    const auto oldest = std::ranges::min_element(siblings, {}, &Entry::last_used_at);
    End((*oldest)->session->id, Ending::kByHand);
  }
  IssuedCredential issued = IssueCompact(random_);
  const WallTime now = clock_();
  store::SessionRow row{.id = std::move(issued.id),
                        .secret_hash = issued.secret_hash,
                        .user_id = parent->user_id,
                        .parent_id = parent->id,
                        .instance_id = std::move(instance_id),
                        .created_at = now,
                        .last_used_at = now,
                        .expires_at = parent->expires_at,
                        .address = parent->address,
                        .user_agent = parent->user_agent};
  co_return co_await Save(std::move(row), std::move(issued.text));
}

Task<Result<CreatedSession>> Sessions::Save(store::SessionRow row, Secret cookie) {
  const auto session = std::make_shared<Session>(executor_, row);
  saving_.insert(session);
  auto saved = co_await store_.Run([row](store::Database& database) -> Result<void> {
    auto inserted = store::InsertSession(database, row);
    if (!inserted || row.parent_id) return inserted;
    return store::NoteSignIn(database, row.user_id, row.created_at);
  });
  saving_.erase(session);
  if (!saved) {
    // The row that it refers to, user or parent, is gone.
    if (saved.error().kind == ErrorKind::kConflict) co_return Unauthorized(saved.error().message);
    co_return std::move(saved).error();
  }
  const bool is_orphan = row.parent_id && FindEntry(*row.parent_id) == nullptr;
  if (is_orphan || session->ended.is_set()) {
    unwritten_.emplace(row.id, Ending::kByHand);
    co_return Unauthorized("the session ended");
  }
  Insert(session, row);
  co_return CreatedSession{.session = session, .cookie = std::move(cookie)};
}

void Sessions::Insert(std::shared_ptr<Session> session, const store::SessionRow& row) {
  if (row.parent_id) {
    Entry* parent = FindEntry(*row.parent_id);
    if (parent == nullptr) return;
    parent->children.insert(row.id);
  }
  Entry& entry = entries_[row.id];
  entry.session = std::move(session);
  entry.secret_hash = row.secret_hash;
  entry.last_used_at = row.last_used_at;
  next_due_ = std::min(next_due_, DueOf(entry));
}

void Sessions::End(std::string id, Ending how) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry entry = std::move(found->second);
  entries_.erase(found);
  for (const std::string& child : entry.children) End(child, how);
  if (Entry* parent = FindEntry(entry.session->parent_id)) parent->children.erase(id);
  entry.session->ended.Set();
  unwritten_.emplace(std::move(id), how);
}

Task<Result<void>> Sessions::Revoke(std::string id) {
  End(id, Ending::kByHand);
  // Also when it is not in memory: another process may just have made it.
  unwritten_.insert_or_assign(std::move(id), Ending::kByHand);
  co_return co_await Flush();
}

Task<Result<void>> Sessions::RevokeAllOf(std::int64_t user_id, std::string except) {
  for (const SessionListing& listing : List(user_id)) {
    if (listing.session->id != except) End(listing.session->id, Ending::kByHand);
  }
  for (const auto& session : saving_) {
    if (session->user_id == user_id && session->parent_id.empty()) session->ended.Set();
  }
  co_return co_await Flush();
}

bool Sessions::WasEnded(std::string_view id) const {
  const auto found = unwritten_.find(id);
  return found != unwritten_.end() && found->second == Ending::kByHand;
}

void Sessions::EndIf(const std::function<bool(const Session&)>& is_over) {
  std::vector<std::string> over;
  for (const auto& [id, entry] : entries_) {
    if (is_over(*entry.session)) over.push_back(id);
  }
  for (const auto& session : saving_) {
    if (is_over(*session)) session->ended.Set();
  }
  for (std::string& id : over) End(std::move(id), Ending::kByHand);
}

std::vector<SessionListing> Sessions::List(std::int64_t user_id) const {
  std::vector<SessionListing> list;
  for (const auto& [id, entry] : entries_) {
    const Session& session = *entry.session;
    if (session.user_id != user_id || !session.parent_id.empty()) continue;
    list.push_back({.session = entry.session, .last_used_at = entry.last_used_at});
  }
  std::ranges::sort(list, std::greater(), &SessionListing::last_used_at);
  return list;
}

void Sessions::EndExpired() {
  const WallTime now = clock_();
  if (now < next_due_) return;
  NoteUses(now);
  std::vector<std::string> expired;
  next_due_ = WallTime::max();
  for (const auto& [id, entry] : entries_) {
    if (IsExpired(entry, now)) {
      expired.push_back(id);
    } else {
      next_due_ = std::min(next_due_, DueOf(entry));
    }
  }
  for (std::string& id : expired) End(std::move(id), Ending::kExpired);
}

Task<Result<void>> Sessions::Flush() {
  NoteUses(clock_());
  const auto ended = unwritten_;
  std::vector<std::tuple<std::string, WallTime, WallTime>> used;
  for (const auto& [id, entry] : entries_) {
    if (entry.is_dirty) used.emplace_back(id, entry.last_used_at, entry.session->expires_at);
  }
  if (ended.empty() && used.empty()) co_return Ok();
  auto written = co_await store_.Run([ended, used](store::Database& database) -> Result<void> {
    for (const auto& [id, how] : ended) {
      if (how == Ending::kByHand) {
        auto untold = store::DeleteNotifyTargetsOfSession(database, id);
        if (!untold) return untold;
      }
      auto deleted = store::DeleteSession(database, id);
      if (!deleted) return deleted;
    }
    for (const auto& [id, time, expires_at] : used) {
      auto noted = store::NoteSessionUse(database, id, time, expires_at);
      if (!noted) return noted;
    }
    return Ok();
  });
  if (!written) co_return Wrap(std::move(written).error(), "write sessions");
  for (const auto& [id, how] : ended) {
    const auto one = unwritten_.find(id);
    if (one != unwritten_.end() && one->second == how) unwritten_.erase(one);
  }
  for (const auto& [id, time, expires_at] : used) {
    Entry* entry = FindEntry(id);
    const bool is_same =
        entry != nullptr && entry->last_used_at == time && entry->session->expires_at == expires_at;
    if (is_same) entry->is_dirty = false;
  }
  co_return Ok();
}

Task<Result<void>> Sessions::Reload() {
  auto rows =
      co_await store_.Read([](store::Database& database) { return store::ListSessions(database); });
  if (!rows) co_return Wrap(std::move(rows).error(), "read sessions");
  Replace(*std::move(rows));
  co_return Ok();
}

void Sessions::Replace(std::vector<store::SessionRow> rows) {
  // What has ended stays ended, whether its row is gone yet or not.
  std::erase_if(rows, [this](const auto& row) { return unwritten_.contains(row.id); });
  std::set<std::string_view> present;
  for (const auto& row : rows) present.insert(row.id);
  std::vector<std::string> gone;
  for (const auto& [id, entry] : entries_) {
    if (!present.contains(id)) gone.push_back(id);
  }
  for (const std::string& id : gone) {
    End(id, Ending::kByHand);
    unwritten_.erase(id);
  }
  // Parents first: a child without one is not let in.
  std::ranges::partition(rows, [](const auto& row) { return !row.parent_id; });
  for (const auto& row : rows) {
    Entry* entry = FindEntry(row.id);
    if (entry == nullptr) {
      Insert(std::make_shared<Session>(executor_, row), row);
    } else {
      entry->last_used_at = std::max(entry->last_used_at, row.last_used_at);
    }
  }
}

}  // namespace berth::identity
