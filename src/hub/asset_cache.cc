#include "hub/asset_cache.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "http/shared_asset.h"
#include "net/buffer_pool.h"

namespace berth::hub {
namespace {

constexpr std::size_t kMostOfOneTarget = 4;
// Bodies are long where their sender wishes. So that nobody keeps everybody else's away, the second
// half of the places is for those who have fewer than two.
constexpr std::size_t kMostWatched = 16;
constexpr std::ptrdiff_t kFewWatched = 2;

/// What an entry costs beside its bytes and its target.
constexpr std::size_t kOverhead = 512;
/// What an entry counts as at least, so that a large one displaces a thousand or so at most.
constexpr std::size_t kLeastCost = 4 * 1024;

std::size_t CostOf(std::string_view target, const KeptAsset& asset) {
  return std::max(kLeastCost, asset.bytes.size() + target.size() + kOverhead);
}

}  // namespace

class AssetCache::WatchedBody : public http::Body {
 public:
  WatchedBody(AssetCache& cache, Key key, http::BodyPtr inner)
      : cache_(cache), key_(std::move(key)), inner_(std::move(inner)), length_(inner_->length()) {
    cache_.watched_.push_back(key_.owner_id);
  }
  WatchedBody(const WatchedBody&) = delete;
  WatchedBody& operator=(const WatchedBody&) = delete;
  ~WatchedBody() override { LetPass(); }

  Task<Result<http::MutableBytes>> Read() override {
    auto piece = co_await inner_->Read();
    if (!piece) co_return piece;
    if (copy_.size() + piece->size() > cache_.limits_.asset_cache_entry) LetPass();
    if (is_kept_) {
      copy_.append(net::AsText(*piece));
      // Who sends a body of known length on need not read its end.
      if (piece->empty() || copy_.size() == length_) Keep();
    }
    co_return piece;
  }
  void Cut() override { inner_->Cut(); }
  std::optional<std::uint64_t> length() const override { return inner_->length(); }

 private:
  /// The body has passed whole.
  void Keep() {
    if (!copy_.empty()) cache_.Put(key_.owner_id, std::move(key_.target), std::move(copy_));
    LetPass();
  }
  /// Nothing (more) of it will be kept: another one may have its place.
  void LetPass() {
    if (!std::exchange(is_kept_, false)) return;
    copy_ = {};
    cache_.watched_.erase(std::ranges::find(cache_.watched_, key_.owner_id));
  }

  AssetCache& cache_;
  Key key_;
  http::BodyPtr inner_;
  std::optional<std::uint64_t> length_;
  std::string copy_;
  bool is_kept_ = true;
};

std::vector<KeptAssetPtr> AssetCache::Find(std::int64_t owner_id, std::string_view target) {
  std::vector<KeptAssetPtr> found;
  const auto place = places_.find(Key{owner_id, std::string(target)});
  if (place == places_.end()) return found;
  auto& of_owner = owners_.at(owner_id).entries;
  for (const auto& entry : place->second) {
    found.push_back(entry->asset);
    of_owner.splice(of_owner.begin(), of_owner, of_owner.iterator_to(*entry));
    entries_.splice(entries_.begin(), entries_, entries_.iterator_to(*entry));
  }
  return found;
}

http::BodyPtr AssetCache::Watch(std::int64_t owner_id, std::string target, http::BodyPtr body) {
  const bool has_few = std::ranges::count(watched_, owner_id) < kFewWatched;
  if (limits_.asset_cache == 0 || watched_.size() >= (has_few ? kMostWatched : kMostWatched / 2) ||
      body->length().value_or(0) > limits_.asset_cache_entry) {
    return body;
  }
  return std::make_unique<WatchedBody>(*this, Key{owner_id, std::move(target)}, std::move(body));
}

void AssetCache::Put(std::int64_t owner_id, std::string target, std::string bytes) {
  auto asset = std::make_shared<KeptAsset>();
  asset->bytes = std::move(bytes);
  const std::size_t cost = CostOf(target, *asset);
  const std::size_t most_of_owner = limits_.asset_cache / 4;
  if (asset->bytes.size() > limits_.asset_cache_entry || cost > most_of_owner) return;
  asset->digest = http::AssetDigest(asset->bytes);
  asset->hint = http::AssetHint(asset->digest);

  Key key{owner_id, std::move(target)};
  if (const auto place = places_.find(key); place != places_.end()) {
    for (const auto& entry : place->second) {
      if (entry->asset->digest == asset->digest) return;
    }
    if (place->second.size() >= kMostOfOneTarget) Remove(*place->second.back());
  }
  // Neither runs out of entries: `cost` alone has room.
  while (bytes_of(owner_id) + cost > most_of_owner) Remove(owners_.at(owner_id).entries.back());
  while (bytes_ + cost > limits_.asset_cache) Remove(entries_.back());

  const auto place = places_.try_emplace(std::move(key)).first;
  auto entry = std::make_unique<Entry>(place->first, std::move(asset));
  Owner& owner = owners_[owner_id];
  owner.entries.push_front(*entry);
  owner.bytes += cost;
  entries_.push_front(*entry);
  bytes_ += cost;
  place->second.insert(place->second.begin(), std::move(entry));
}

void AssetCache::Remove(const Entry& entry) {
  const std::size_t cost = CostOf(entry.key.target, *entry.asset);
  const auto owner = owners_.find(entry.key.owner_id);
  const auto place = places_.find(entry.key);
  std::erase_if(place->second, [&](const auto& held) { return held.get() == &entry; });
  if (place->second.empty()) places_.erase(place);
  bytes_ -= cost;
  owner->second.bytes -= cost;
  if (owner->second.bytes == 0) owners_.erase(owner);
}

http::BodyPtr AssetCache::BodyOf(KeptAssetPtr asset) {
  const std::string_view bytes = asset->bytes;
  return std::make_unique<http::SharedBody>(bytes, net::kMostRead, std::move(asset));
}

std::size_t AssetCache::bytes_of(std::int64_t owner_id) const {
  const auto found = owners_.find(owner_id);
  return found == owners_.end() ? 0 : found->second.bytes;
}

}  // namespace berth::hub
