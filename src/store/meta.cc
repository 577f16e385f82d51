#include "store/meta.h"

namespace berth::store {

Result<std::optional<std::string>> ReadMeta(Database& database, std::string_view key) {
  return database.First("SELECT value FROM meta WHERE key = ?1", {key},
                        [](const Row& row) { return row.String(0); });
}

Result<void> WriteMeta(Database& database, std::string_view key, std::string_view value) {
  auto done = database.Run(
      "INSERT INTO meta (key, value) VALUES (?1, ?2)"
      " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      {key, value});
  if (!done) return Wrap(std::move(done).error(), "write a fact");
  return Ok();
}

}  // namespace berth::store
