#include "store/schema.h"

namespace berth::store {
namespace {

// Times are milliseconds since 1970 UTC. Secrets are kept as SHA-256 only, and looked up by the id
// that stands in front of them.
constexpr const char* kSteps[] = {
    R"sql(
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Somebody who may sign in. Known by the provider's own stable id ("subject"), never by a name:
-- names change hands.
CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_sign_in_at INTEGER,
  UNIQUE (provider, subject)
) STRICT;

-- A browser that signed in. With a parent: the same browser at the origin of one instance.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  secret_hash BLOB NOT NULL,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  parent_id TEXT REFERENCES sessions (id) ON DELETE CASCADE,
  instance_id TEXT,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_parent ON sessions (parent_id);

-- A sign-in link that nobody has used yet.
CREATE TABLE login_codes (
  id TEXT PRIMARY KEY,
  secret_hash BLOB NOT NULL,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_codes_by_user ON login_codes (user_id);

-- An agent's token. Revoked ones stay, so that their history does.
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  secret_hash BLOB NOT NULL,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_user ON tokens (user_id);

-- An instance that was published at least once. NULL options: whatever the hub's default is.
CREATE TABLE instances (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  metadata TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  path_mode INTEGER,
  rewrite_javascript INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX instances_by_user ON instances (user_id);
)sql",
};

}  // namespace

std::span<const char* const> SchemaSteps() { return kSteps; }

}  // namespace berth::store
