#include "identity/signing_keys.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::identity {
namespace {

constexpr std::size_t kLiveKeys = 2;

std::string PurposeOf(std::string_view id) { return fmt::format("signing-key {}", id); }

Result<store::SigningKeyRow> InsertNewKey(store::Database& database, const Sealer& sealer,
                                          WallTime now, const RandomSource& random) {
  const auto key = Ed25519PrivateKey::Generate(random);
  store::SigningKeyRow row;
  row.id = key.public_key().Id();
  row.public_key.assign(key.public_key().raw().begin(), key.public_key().raw().end());
  row.sealed_private_key = sealer.Seal(PurposeOf(row.id), key.Raw().Reveal());
  row.created_at = now;
  auto inserted = store::InsertSigningKey(database, row);
  if (!inserted) return std::move(inserted).error();
  return row;
}

Result<Ed25519PrivateKey> Open(const store::SigningKeyRow& row, const Sealer& sealer) {
  auto raw = sealer.Unseal(PurposeOf(row.id), row.sealed_private_key);
  if (!raw) {
    return Invalid(fmt::format(
        "signing key {}: {}; put the right {} back, or make a new key with berth key rotate "
        "--force (agents then need to be told)",
        row.id, raw.error().message, kSealKeyFile));
  }
  auto key = Ed25519PrivateKey::From(raw->Reveal());
  if (!key) return Wrap(std::move(key).error(), "signing key " + row.id);
  if (key->public_key().Id() != row.id) return Invalid("signing key " + row.id + ": not its own");
  return key;
}

}  // namespace

SigningKeys::SigningKeys(store::Store& store, const Sealer& sealer, WallClock clock,
                         RandomSource random)
    : store_(store), sealer_(sealer), clock_(std::move(clock)), random_(std::move(random)) {}

Task<Result<void>> SigningKeys::Reload() {
  auto rows = co_await store_.Read(
      [](store::Database& database) { return store::ListSigningKeys(database); });
  if (!rows) co_return Wrap(std::move(rows).error(), "read the signing keys");
  if (rows->empty()) {
    rows = co_await store_.Run(
        [&sealer = sealer_, now = clock_(),
         random = random_](store::Database& database) -> Result<std::vector<store::SigningKeyRow>> {
          auto row = InsertNewKey(database, sealer, now, random);
          if (!row) return std::move(row).error();
          return store::ListSigningKeys(database);
        });
    if (!rows) co_return Wrap(std::move(rows).error(), "make a signing key");
  }
  std::vector<Ed25519PrivateKey> keys;
  for (const auto& row : *rows) {
    auto key = Open(row, sealer_);
    if (!key) co_return std::move(key).error();
    keys.push_back(std::move(*key));
  }
  const bool is_same = std::ranges::equal(keys, keys_, {}, &Ed25519PrivateKey::public_key,
                                          &Ed25519PrivateKey::public_key);
  keys_ = std::move(keys);
  if (!is_same && on_change_) on_change_();
  co_return Ok();
}

const Ed25519PrivateKey* SigningKeys::Find(std::string_view id) const {
  const auto found =
      std::ranges::find_if(keys_, [id](const auto& key) { return key.public_key().Id() == id; });
  return found == keys_.end() ? nullptr : &*found;
}

Result<std::string> RotateSigningKey(store::Database& database, const Sealer& sealer, WallTime now,
                                     const RandomSource& random, bool is_forced) {
  auto rows = store::ListSigningKeys(database);
  if (!rows) return std::move(rows).error();
  if (!is_forced && rows->size() >= kLiveKeys && now - rows->front().created_at < kRotationPause) {
    return Conflict(fmt::format(
        "the newest key, {}, is less than {} hours old: agents that have been away since know only "
        "the one before it, which would go now. Wait, or rotate with --force",
        rows->front().id, kRotationPause.count()));
  }
  // Whatever the clock says, the new key is the newest.
  if (!rows->empty()) {
    now = std::max(now, rows->front().created_at + std::chrono::milliseconds(1));
  }
  bool is_kept = false;
  for (const auto& row : *rows) {
    if (!is_kept && Open(row, sealer)) {
      is_kept = true;
      continue;
    }
    auto deleted = store::DeleteSigningKey(database, row.id);
    if (!deleted) return std::move(deleted).error();
  }
  auto made = InsertNewKey(database, sealer, now, random);
  if (!made) return std::move(made).error();
  return std::move(made->id);
}

}  // namespace berth::identity
