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
    R"sql(
-- A person: the role on this hub ('owner' or 'member'), and what the provider last said. Groups are
-- "org" and "org/team", one a line, as confirmed at checked_at; is_removed: the policy no longer
-- admits them. The credential is sealed (base/seal.h): it only serves to ask again.
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'member';
ALTER TABLE users ADD COLUMN login TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN avatar_url TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN groups TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN checked_at INTEGER;
ALTER TABLE users ADD COLUMN is_removed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN sealed_credential BLOB;
UPDATE users SET role = 'owner' WHERE provider = 'local';

-- An agent's token may be for some instances only (ids, one a line; '' for any) and end by itself.
ALTER TABLE tokens ADD COLUMN instance_ids TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN expires_at INTEGER;

-- A script's token for the API. Scopes, one a line.
CREATE TABLE api_tokens (
  id TEXT PRIMARY KEY,
  secret_hash BLOB NOT NULL,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

-- Who else may open an instance. kind 'user': subject is the user's id; 'group': "org" or
-- "org/team"; 'everyone': ''. role is 'operator' or 'viewer'.
CREATE TABLE shares (
  id INTEGER PRIMARY KEY,
  instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  role TEXT NOT NULL,
  created_by INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  UNIQUE (instance_id, kind, subject)
) STRICT;

-- The keys that sign what the hub tells agents about users. The private half is sealed.
CREATE TABLE signing_keys (
  id TEXT PRIMARY KEY,
  public_key BLOB NOT NULL,
  sealed_private_key BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened, for ever. Each row's hash covers the row and the hash before it.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor_id INTEGER,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  address TEXT NOT NULL,
  result TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_is_append_only_1 BEFORE UPDATE ON audit
  BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_append_only_2 BEFORE DELETE ON audit
  BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
)sql",
    R"sql(
-- Where somebody wants to be told of events. The sealed part (base/seal.h) is JSON: the address, and
-- keys or secrets. Events, one a line. Quiet hours are minutes of the day at utc_offset (minutes).
CREATE TABLE notify_targets (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  sealed_config BLOB NOT NULL,
  events TEXT NOT NULL,
  quiet_from INTEGER,
  quiet_to INTEGER,
  utc_offset INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  last_ok_at INTEGER,
  last_error TEXT NOT NULL DEFAULT '',
  failures INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX notify_targets_by_user ON notify_targets (user_id);

-- What is to be delivered, per target in the order of the ids. What is done stays for a while,
-- without its text, so that its key keeps it from being sent again.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  target_id TEXT NOT NULL REFERENCES notify_targets (id) ON DELETE CASCADE,
  dedupe_key TEXT NOT NULL,
  event TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  first_attempt_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  done_at INTEGER,
  UNIQUE (target_id, dedupe_key)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (target_id, id) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

-- What goes on, and whose end is to be told even if the hub is away meanwhile: a run of a session
-- (run_id is when it began), or with session_id '' and what 'online' that an instance is there.
CREATE TABLE notify_watch (
  instance_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  what TEXT NOT NULL,
  run_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  PRIMARY KEY (instance_id, what, session_id)
) STRICT, WITHOUT ROWID;
)sql",
    R"sql(
-- Whose an id is for good, whether or not they have an instance of it: whoever shared one had pages
-- in others' browsers, where the next owner of its address would meet them.
CREATE TABLE shared_ids (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO shared_ids (id, user_id)
  SELECT DISTINCT instances.id, instances.user_id FROM instances
  JOIN shares ON shares.instance_id = instances.id;

-- When the provider last told the groups, which some do at sign-in only.
ALTER TABLE users ADD COLUMN groups_at INTEGER;
UPDATE users SET groups_at = last_sign_in_at;
)sql",
    R"sql(
-- Whose an id is for good, whether or not they have an instance of it: its first owner's. Their pages
-- and workers may live on in browsers, where the next owner of its address would meet them. One that
-- was removed before this step is whose who removed it last.
CREATE TABLE id_owners (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id)
) STRICT, WITHOUT ROWID;
INSERT INTO id_owners (id, user_id) SELECT id, user_id FROM shared_ids;
INSERT OR IGNORE INTO id_owners (id, user_id) SELECT id, user_id FROM instances;
INSERT OR IGNORE INTO id_owners (id, user_id)
  SELECT audit.instance_id, audit.actor_id FROM audit JOIN users ON users.id = audit.actor_id
  WHERE audit.action = 'instance_remove' AND audit.result = 'ok' ORDER BY audit.seq DESC;
DROP TABLE shared_ids;
)sql",
    R"sql(
-- Members see what they did themselves: not to be looked for among all that others did. In the order
-- of seq, which is the rowid.
CREATE INDEX audit_by_actor ON audit (actor_id);
)sql",
    R"sql(
-- A browser is told until somebody ends the session that set it up; that it expires ends nothing.
-- NULL: it has, or the target is of another kind, set up by a script, or of before this step.
ALTER TABLE notify_targets
  ADD COLUMN session_id TEXT REFERENCES sessions (id) ON DELETE SET NULL;
CREATE INDEX notify_targets_by_session ON notify_targets (session_id);
)sql",
    R"sql(
-- GitHub's orgs by their numbers, because names change hands: "7" for an org, "7/team-slug" for a
-- team. Of users one a line, in the order of their groups. A share with a group is for that one;
-- '': for the name, which is all that other providers have.
ALTER TABLE users ADD COLUMN group_ids TEXT NOT NULL DEFAULT '';
ALTER TABLE shares ADD COLUMN group_id TEXT NOT NULL DEFAULT '';
)sql",
    R"sql(
-- Since when attempts at a target fail, once for all that waits for it.
ALTER TABLE notify_targets ADD COLUMN first_attempt_at INTEGER;
UPDATE notify_targets SET first_attempt_at =
  (SELECT min(outbox.first_attempt_at) FROM outbox WHERE target_id = notify_targets.id AND done_at IS NULL);
ALTER TABLE outbox DROP COLUMN first_attempt_at;
)sql",
};

}  // namespace

std::span<const char* const> SchemaSteps() { return kSteps; }

}  // namespace berth::store
