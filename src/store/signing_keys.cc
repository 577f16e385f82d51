#include "store/signing_keys.h"

namespace berth::store {

Result<void> InsertSigningKey(Database& database, const SigningKeyRow& key) {
  auto done = database.Run(
      "INSERT INTO signing_keys (id, public_key, sealed_private_key, created_at)"
      " VALUES (?1, ?2, ?3, ?4)",
      {key.id, key.public_key, key.sealed_private_key, ToUnixMs(key.created_at)});
  if (!done) return Wrap(std::move(done).error(), "write a signing key");
  return Ok();
}

Result<std::vector<SigningKeyRow>> ListSigningKeys(Database& database) {
  return database.All(
      "SELECT id, public_key, sealed_private_key, created_at FROM signing_keys"
      " ORDER BY created_at DESC, id",
      {}, [](const Row& row) {
        SigningKeyRow key;
        key.id = row.String(0);
        const auto public_key = row.Blob(1);
        key.public_key.assign(public_key.begin(), public_key.end());
        const auto sealed = row.Blob(2);
        key.sealed_private_key.assign(sealed.begin(), sealed.end());
        key.created_at = row.Time(3);
        return key;
      });
}

Result<bool> DeleteSigningKey(Database& database, std::string_view id) {
  auto deleted = database.Run("DELETE FROM signing_keys WHERE id = ?1", {id});
  if (!deleted) return Wrap(std::move(deleted).error(), "delete a signing key");
  return *deleted > 0;
}

}  // namespace berth::store
