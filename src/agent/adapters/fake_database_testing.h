// For tests: a database as a claudecodeui keeps it.
#pragma once

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace berth::agent::testing {

/// Runs SQL on the database at `path`, making it if needed.
inline void RunSql(const std::filesystem::path& path, const std::string& sql) {
  std::filesystem::create_directories(path.parent_path());
  sqlite3* database = nullptr;
  sqlite3_open(path.c_str(), &database);
  char* message = nullptr;
  const int result = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
  const std::string text = message ? message : "";
  sqlite3_free(message);
  sqlite3_close(database);
  if (result != SQLITE_OK) throw std::runtime_error(text);
}

/// The tables of version 1.37, with a secret and no user.
inline void MakeDatabase(const std::filesystem::path& path, const std::string& secret) {
  RunSql(path, fmt::format("CREATE TABLE users(id INTEGER PRIMARY KEY, username TEXT UNIQUE, "
                           "password_hash TEXT, is_active BOOLEAN DEFAULT 1);"
                           "CREATE TABLE app_config(key TEXT PRIMARY KEY, value TEXT);"
                           "INSERT INTO app_config VALUES('jwt_secret','{}');",
                           secret));
}

inline void AddUser(const std::filesystem::path& path, int id, const std::string& name,
                    int is_active = 1) {
  RunSql(path, fmt::format("INSERT INTO users VALUES({},'{}','x',{});", id, name, is_active));
}

}  // namespace berth::agent::testing
