// AssetCache: bodies of immutable assets that agents sent, so that no agent of the same owner has
// to send the same bytes again.
//
// It is addressed by content, and nothing is served because it is here: for each request the
// instance is asked as ever, by its agent, which then names the digest of what came instead of
// sending it (http/shared_asset.h). So there is nothing to expire, nothing stale, and nothing that
// one instance could plant for another. In memory, at most limits.asset_cache bytes with the
// targets, a quarter of it for one owner; what was used least recently goes first: its owner's
// where the owner has no more room, else anybody's. Room is made in one go, so however small the
// bodies are, each counts as 4 KiB at least. Lives on one loop; must outlive the bodies that it
// watches.
#pragma once

#include <boost/intrusive/list.hpp>
#include <compare>
#include <cstdint>
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
  /// Takes the entry out of its order as it goes.
  using Hook = boost::intrusive::list_member_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  struct Entry {
    const Key& key;  // That of its place.
    KeptAssetPtr asset;
    Hook of_owner = {};
    Hook of_all = {};
  };
  /// The most recently used first.
  template <Hook Entry::* kHook>
  using Order = boost::intrusive::list<Entry, boost::intrusive::member_hook<Entry, Hook, kHook>,
                                       boost::intrusive::constant_time_size<false>>;
  struct Owner {
    Order<&Entry::of_owner> entries;
    std::size_t bytes = 0;
  };

  void Remove(const Entry& entry);

  const Limits& limits_;
  std::map<std::int64_t, Owner> owners_;  // Those who have entries.
  Order<&Entry::of_all> entries_;
  std::map<Key, std::vector<std::unique_ptr<Entry>>> places_;  // Newest first.
  std::size_t bytes_ = 0;
  std::vector<std::int64_t> watched_;  // The owner of each body of which a copy may yet be kept.
};

}  // namespace berth::hub
