// AssetCache: bodies of immutable assets that agents sent, so that no agent of the same owner has
// to send the same bytes again.
//
// It is addressed by content, and nothing is served because it is here: for each request the
// instance is asked as ever, by its agent, which then names the digest of what came instead of
// sending it (http/shared_asset.h). So there is nothing to expire, nothing stale, and nothing that
// one instance could plant for another. In memory, at most limits.asset_cache bytes with the
// targets, a quarter of it for one owner; what was used least recently goes first. Lives on one
// loop; must outlive the bodies that it watches.
#pragma once

#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "http/body.h"

namespace berth::hub {

/// One body, as an agent sent it: in whatever content coding.
struct KeptAsset {
  std::string digest;  ///< http::AssetDigest of `bytes`, computed here.
  std::string hint;
  std::string bytes;
};
using KeptAssetPtr = std::shared_ptr<const KeptAsset>;

class AssetCache {
 public:
  /// `limits` must outlive it.
  explicit AssetCache(const Limits& limits) : limits_(limits) {}
  AssetCache(const AssetCache&) = delete;
  AssetCache& operator=(const AssetCache&) = delete;

  /// What instances of that owner answered at this target, newest first, a handful at most.
  std::vector<KeptAssetPtr> Find(std::int64_t owner_id, std::string_view target);

  /// Passes `body` on, and keeps a copy once it has ended as it should. Too large ones just pass,
  /// and so do those beyond sixteen, four of one owner, of which a copy may yet be kept.
  http::BodyPtr Watch(std::int64_t owner_id, std::string target, http::BodyPtr body);

  /// Keeps these bytes. Ignored if they are too large.
  void Put(std::int64_t owner_id, std::string target, std::string bytes);

  /// A body of these bytes.
  static http::BodyPtr BodyOf(KeptAssetPtr asset);

  std::size_t bytes() const { return bytes_; }
  std::size_t bytes_of(std::int64_t owner_id) const;

 private:
  class WatchedBody;
  struct Key {
    std::int64_t owner_id;
    std::string target;
    auto operator<=>(const Key&) const = default;
  };
  struct Entry {
    Key key;
    KeptAssetPtr asset;
  };
  using Entries = std::list<Entry>;  // The most recently used first.

  void Remove(Entries::iterator entry);

  const Limits& limits_;
  Entries entries_;
  std::map<Key, std::vector<Entries::iterator>> places_;  // Newest first.
  std::map<std::int64_t, std::size_t> bytes_of_;
  std::size_t bytes_ = 0;
  std::vector<std::int64_t> watched_;  // The owner of each body of which a copy may yet be kept.
};

}  // namespace berth::hub
