// Where a claudecodeui keeps what its sign-in rests on, and reading it: the database, the secret
// that signs its tokens, and its first user.
//
// The database is opened read-only with a short busy timeout and closed again; nothing is ever
// written. All functions block (files, SQLite): call them on a Worker. They hold no state.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace berth::agent {

/// What is known of an instance, to find its files by.
struct KeyHints {
  pid_t pid = 0;                     ///< The instance's process, 0 if unknown.
  std::filesystem::path app_root{};  ///< The folder of the instance's package, may be empty.
  std::filesystem::path home{};  ///< Home of whoever runs the instance, unless it says otherwise.
  std::filesystem::path proc = "/proc";
};

/// Where the key material is.
struct KeyPlaces {
  std::filesystem::path database{};
  std::optional<std::string> secret{};   ///< Set by JWT_SECRET; else it is in the database.
  std::optional<std::string> api_key{};  ///< Set by API_KEY: every /api request must carry it.
};

/// Looks in the instance's own order: the process environment, `<app_root>/.env`,
/// `~/.cloudcli/auth.db`, and `<app_root>/server/database/auth.db` (before 1.14). Never fails: the
/// last resort is the default path.
KeyPlaces FindKeyPlaces(const KeyHints& hints);

/// What signs a token for the instance's first active user. Never log `secret`.
struct InstanceKey {
  std::string secret;
  std::int64_t user_id = 0;
  std::string username;
};

/// kNotFound: the instance has no user yet. kUnavailable: the database is absent or locked.
/// kInternal: it cannot be read or is not the kind that we know.
Result<InstanceKey> ReadInstanceKey(const KeyPlaces& places);

/// Tells whether a file was changed or replaced. All zero: there is none.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t modified = 0;  ///< Nanoseconds.
  bool operator==(const FileStamp&) const = default;
};
FileStamp StampOf(const std::filesystem::path& path);

}  // namespace berth::agent
