#include "agent/adapters/claudecodeui_key.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <map>
#include <memory>
#include <sstream>

#include "base/private_file.h"
#include "base/trim.h"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;
using Variables = std::map<std::string, std::string, std::less<>>;

constexpr int kBusyTimeoutMs = 2000;
constexpr std::size_t kMaxFile = 1024 * 1024;  // An environment or .env beyond this is none.

// Versions before 1.14 signed with this unless told otherwise; they have no app_config table.
constexpr std::string_view kEarlySecret = "claude-ui-dev-secret-change-in-production";

std::string ReadOrNone(const fs::path& path) { return ReadSmallFile(path, kMaxFile).value_or(""); }

/// NUL-separated NAME=VALUE, as /proc/PID/environ has them. Empty values count as unset.
Variables ParseEnviron(std::string_view text) {
  Variables variables;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find('\0'));
    const std::size_t equals = entry.find('=');
    if (equals != entry.npos && equals + 1 < entry.size()) {
      variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
  }
  return variables;
}

/// Adds what a .env file sets and the environment does not, exactly as the instance reads it: no
/// quotes, no escapes, the first setting of a name wins.
void AddDotEnv(std::string_view text, Variables& variables) {
  std::istringstream lines{std::string(text)};
  for (std::string raw; std::getline(lines, raw);) {
    const std::string_view line = Trim(raw);
    const std::size_t equals = line.find('=');
    if (line.starts_with('#') || equals == line.npos || equals == 0) continue;
    const std::string_view value = Trim(line.substr(equals + 1));
    if (!value.empty()) variables.emplace(line.substr(0, equals), value);
  }
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

Error DatabaseError(sqlite3* database, std::string_view what) {
  const int code = sqlite3_errcode(database) & 0xff;
  const bool passes = code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_CANTOPEN;
  std::string text = fmt::format("{}: {}", what, sqlite3_errmsg(database));
  return passes ? Unavailable(std::move(text)) : Internal(std::move(text));
}

/// Runs a query of at most one row that matters; null when there is none.
Result<Statement> FirstRow(sqlite3* database, const char* sql, std::string_view what) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database, sql, -1, &raw, nullptr) != SQLITE_OK) {
    return DatabaseError(database, what);
  }
  Statement statement(raw);
  const int step = sqlite3_step(raw);
  if (step == SQLITE_ROW) return statement;
  if (step == SQLITE_DONE) return Statement();
  return DatabaseError(database, what);
}

std::string ColumnText(sqlite3_stmt* statement, int column) {
  const auto* text = sqlite3_column_text(statement, column);
  const int size = sqlite3_column_bytes(statement, column);
  if (!text) return "";
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
}

Result<std::string> ReadSecret(sqlite3* database) {
  auto table =
      FirstRow(database, "SELECT 1 FROM sqlite_master WHERE type='table' AND name='app_config'",
               "look for the instance's settings");
  if (!table) return table.error();
  if (!*table) return std::string(kEarlySecret);
  auto row = FirstRow(database, "SELECT value FROM app_config WHERE key='jwt_secret'",
                      "read the instance's token secret");
  if (!row) return row.error();
  if (!*row) return Unavailable("the instance has made no token secret yet");
  std::string secret = ColumnText(row->get(), 0);
  if (secret.empty()) return Internal("the instance's token secret is empty");
  return secret;
}

}  // namespace

KeyPlaces FindKeyPlaces(const KeyHints& hints) {
  Variables variables;
  fs::path folder;  // What a relative DATABASE_PATH is relative to.
  if (hints.pid > 0) {
    const fs::path process = hints.proc / std::to_string(hints.pid);
    variables = ParseEnviron(ReadOrNone(process / "environ"));
    std::error_code error;
    folder = fs::read_symlink(process / "cwd", error);
  }
  const auto home_variable = variables.find("HOME");
  const fs::path home =
      home_variable != variables.end() ? fs::path(home_variable->second) : hints.home;
  if (!hints.app_root.empty()) AddDotEnv(ReadOrNone(hints.app_root / ".env"), variables);

  KeyPlaces places;
  if (auto found = variables.find("JWT_SECRET"); found != variables.end()) {
    places.secret = found->second;
  }
  if (auto found = variables.find("API_KEY"); found != variables.end()) {
    places.api_key = found->second;
  }
  if (auto found = variables.find("DATABASE_PATH"); found != variables.end()) {
    places.database = folder / found->second;  // An absolute path replaces the folder.
  } else {
    places.database = home / ".cloudcli" / "auth.db";
    std::error_code error;
    if (const fs::path early = hints.app_root / "server" / "database" / "auth.db";
        !hints.app_root.empty() && !fs::exists(places.database, error) &&
        fs::exists(early, error)) {
      places.database = early;
    }
  }
  return places;
}

Result<InstanceKey> ReadInstanceKey(const KeyPlaces& places) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(places.database.c_str(), &raw,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  if (!raw) return Internal("open the instance's database: out of memory");
  if (opened != SQLITE_OK) {
    return DatabaseError(raw,
                         fmt::format("open the instance's database {}", places.database.string()));
  }
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);

  auto user = FirstRow(raw, "SELECT id, username FROM users WHERE is_active=1 ORDER BY id LIMIT 1",
                       "read the instance's users");
  if (!user) return user.error();
  if (!*user) return NotFound("the instance has no user yet");
  InstanceKey key;
  key.user_id = sqlite3_column_int64(user->get(), 0);
  key.username = ColumnText(user->get(), 1);
  if (places.secret) {
    key.secret = *places.secret;
    return key;
  }
  auto secret = ReadSecret(raw);
  if (!secret) return secret.error();
  key.secret = std::move(*secret);
  return key;
}

FileStamp StampOf(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .modified = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
}

}  // namespace berth::agent
