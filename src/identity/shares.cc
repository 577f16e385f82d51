#include "identity/shares.h"

#include <algorithm>
#include <utility>

#include "identity/groups.h"
#include "identity/noted.h"

namespace berth::identity {
namespace {

/// Shares of one instance: each request looks through them.
constexpr std::size_t kMaxPerInstance = 256;

bool IsLiveAt(const store::ShareRow& share, WallTime now) {
  return !share.expires_at || now < *share.expires_at;
}

}  // namespace

Shares::Shares(store::Store& store, WallClock clock, OnChange on_change)
    : store_(store), clock_(std::move(clock)), on_change_(std::move(on_change)) {}

Task<Result<void>> Shares::Reload() {
  auto rows =
      co_await store_.Read([](store::Database& database) { return store::ListShares(database); });
  if (!rows) co_return Wrap(std::move(rows).error(), "read shares");
  // What has ended stays ended, whether its row is gone yet or not.
  std::erase_if(*rows, [this](const auto& row) { return unwritten_.contains(row.id); });
  by_instance_.clear();
  next_due_ = WallTime::max();
  for (auto& row : *rows) Insert(std::move(row));
  on_change_({});
  co_return Ok();
}

Task<Result<store::ShareRow>> Shares::Put(store::ShareRow share) {
  const auto others = Of(share.instance_id);
  const bool is_new = std::ranges::none_of(others, [&](const store::ShareRow& other) {
    return other.kind == share.kind && other.subject == share.subject;
  });
  if (is_new && others.size() >= kMaxPerInstance) co_return TooLarge("too many shares");
  share.created_at = clock_();
  const std::uint64_t ends_before = ends_;
  const Noted being_put(putting_, ends_before);
  auto id = co_await store_.Run(
      [share](store::Database& database) { return store::PutShare(database, share); });
  if (!id) co_return std::move(id).error();
  share.id = *id;
  if (const auto ended = unwritten_.find(share.id);
      ended != unwritten_.end() && ended->second > ends_before) {
    co_return Conflict("the share was taken back meanwhile");  // Its row goes as well.
  }
  unwritten_.erase(share.id);
  Erase(share.instance_id, share.id);
  Insert(share);
  on_change_({share.instance_id});
  co_return share;
}

Task<Result<void>> Shares::Remove(std::string instance_id, std::int64_t id) {
  if (!Erase(instance_id, id)) co_return NotFound("the instance has no such share");
  unwritten_.insert_or_assign(id, ++ends_);
  on_change_({instance_id});
  co_return co_await Flush();
}

Task<Result<void>> Shares::BindGroups(PersonPtr person) {
  std::map<std::int64_t, std::string> bound;
  for (const auto& [instance_id, rows] : by_instance_) {
    for (const auto& row : rows) {
      if (row.kind != store::ShareKind::kGroup || !row.group_id.empty()) continue;
      std::string group_id = GroupIdOf(*person, row.subject);
      if (!group_id.empty()) bound.emplace(row.id, std::move(group_id));
    }
  }
  if (bound.empty()) co_return Ok();
  auto written = co_await store_.Run([bound](store::Database& database) -> Result<void> {
    for (const auto& [id, group_id] : bound) {
      auto set = store::SetShareGroup(database, id, group_id);
      if (!set) return set;
    }
    return Ok();
  });
  if (!written) co_return std::move(written).error();
  for (auto& [instance_id, rows] : by_instance_) {
    for (auto& row : rows) {
      const auto found = bound.find(row.id);
      if (found != bound.end() && row.group_id.empty()) row.group_id = found->second;
    }
  }
  on_change_({});
  co_return Ok();
}

Task<Result<void>> Shares::RemoveAllOf(std::string instance_id) {
  for (const store::ShareRow& share : Of(instance_id)) {
    unwritten_.insert_or_assign(share.id, ++ends_);
  }
  Forget(instance_id);
  co_return co_await Flush();
}

void Shares::Forget(std::string_view instance_id) {
  const auto place = by_instance_.find(instance_id);
  if (place == by_instance_.end()) return;
  by_instance_.erase(place);
  on_change_({std::string(instance_id)});
}

std::span<const store::ShareRow> Shares::Of(std::string_view instance_id) const {
  const auto place = by_instance_.find(instance_id);
  if (place == by_instance_.end()) return {};
  return place->second;
}

bool Shares::IsShared(std::string_view instance_id) const {
  return std::ranges::any_of(Of(instance_id), [this](const auto& share) { return IsLive(share); });
}

bool Shares::IsLive(const store::ShareRow& share) const { return IsLiveAt(share, clock_()); }

void Shares::EndExpired() {
  const WallTime now = clock_();
  if (now < next_due_) return;
  next_due_ = WallTime::max();
  std::vector<std::string> lessened;
  for (auto& [id, rows] : by_instance_) {
    for (const auto& row : rows) {
      if (IsLiveAt(row, now)) {
        next_due_ = std::min(next_due_, row.expires_at.value_or(next_due_));
      } else {
        unwritten_.insert_or_assign(row.id, ++ends_);
      }
    }
    const auto ended = std::erase_if(rows, [now](const auto& row) { return !IsLiveAt(row, now); });
    if (ended > 0) lessened.push_back(id);
  }
  std::erase_if(by_instance_, [](const auto& entry) { return entry.second.empty(); });
  if (!lessened.empty()) on_change_(std::move(lessened));
}

Task<Result<void>> Shares::Flush() {
  // What ended before a share that is being written may be given again by it, as the same row.
  const std::uint64_t settled = putting_.empty() ? 0 : *putting_.rbegin();
  std::vector<std::int64_t> ended;
  for (const auto& [id, number] : unwritten_) {
    if (number > settled) ended.push_back(id);
  }
  if (ended.empty()) co_return Ok();
  auto written = co_await store_.Run([ended](store::Database& database) -> Result<void> {
    for (const std::int64_t id : ended) {
      auto deleted = store::DeleteShare(database, id);
      if (!deleted) return std::move(deleted).error();
    }
    return Ok();
  });
  if (!written) co_return Wrap(std::move(written).error(), "write shares");
  for (const std::int64_t id : ended) unwritten_.erase(id);
  co_return Ok();
}

void Shares::Insert(store::ShareRow share) {
  next_due_ = std::min(next_due_, share.expires_at.value_or(next_due_));
  by_instance_[share.instance_id].push_back(std::move(share));
}

bool Shares::Erase(std::string_view instance_id, std::int64_t id) {
  const auto place = by_instance_.find(instance_id);
  if (place == by_instance_.end()) return false;
  return std::erase_if(place->second, [id](const auto& share) { return share.id == id; }) > 0;
}

}  // namespace berth::identity
