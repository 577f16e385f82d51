// Database: one connection to the hub's SQLite file, with errors as values.
//
// The hub's one connection lives on the store's thread (store.h); the commands that change the same
// file while a hub runs open their own. Everything is written with synchronous=FULL: what was
// acknowledged survives a power cut. Locked files and full disks are kUnavailable, never a crash.
// Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/wall_clock.h"

struct sqlite3;
struct sqlite3_stmt;

namespace berth::store {

class FolderLock;

/// The file's name inside the data folder.
inline constexpr std::string_view kDatabaseFile = "berth.db";

/// How long a statement waits for another process's lock.
inline constexpr std::chrono::milliseconds kLockWait{3'000};

/// What a statement's parameter may be. The bytes must stay valid until the call returns.
using Value =
    std::variant<std::monostate, std::int64_t, std::string_view, std::span<const std::byte>>;

/// NULL for nothing.
inline Value OrNull(const std::optional<std::int64_t>& value) {
  return value ? Value(*value) : Value();
}
inline Value OrNull(const std::optional<std::string>& value) {
  return value ? Value(std::string_view(*value)) : Value();
}
inline Value OrNull(const std::optional<WallTime>& value) {
  return value ? Value(ToUnixMs(*value)) : Value();
}

/// One row of a result, valid during the call that receives it.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}

  bool IsNull(int column) const;
  std::int64_t Integer(int column) const;
  /// Views of SQLite's memory, valid until the next row.
  std::string_view Text(int column) const;
  std::span<const std::byte> Blob(int column) const;
  std::string String(int column) const { return std::string(Text(column)); }
  std::optional<std::int64_t> IntegerOrNull(int column) const;
  std::optional<std::string> StringOrNull(int column) const;
  /// Milliseconds since 1970.
  WallTime Time(int column) const { return FromUnixMs(Integer(column)); }
  std::optional<WallTime> TimeOrNull(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class Database {
 public:
  /// Opens `folder`/berth.db, making both if needed (modes 0700 and 0600), and brings an older
  /// schema up to date: under `lock`, or without one under a lock of its own, so that no hub runs
  /// on it meanwhile (kConflict: one does). kInvalid: a newer berth wrote the file, or it is not
  /// ours, or destroyed.
  static Result<std::unique_ptr<Database>> Open(const std::filesystem::path& folder,
                                                const FolderLock* lock = nullptr);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs one statement that returns no rows. Gives the number of rows it changed. Parameters are
  /// written ?1, ?2, ... `sql` should be a literal: its prepared form is kept for ever.
  Result<std::int64_t> Run(std::string_view sql, std::initializer_list<Value> values = {});

  /// Calls `each` for every row.
  Result<void> Query(std::string_view sql, std::initializer_list<Value> values,
                     const std::function<void(const Row&)>& each);

  /// Every row, as `map(row)` makes it.
  template <class Map, class T = std::invoke_result_t<Map, const Row&>>
  Result<std::vector<T>> All(std::string_view sql, std::initializer_list<Value> values, Map map) {
    std::vector<T> rows;
    auto done = Query(sql, values, [&](const Row& row) { rows.push_back(map(row)); });
    if (!done) return std::move(done).error();
    return rows;
  }

  /// The first row, if there is one.
  template <class Map, class T = std::invoke_result_t<Map, const Row&>>
  Result<std::optional<T>> First(std::string_view sql, std::initializer_list<Value> values,
                                 Map map) {
    std::optional<T> first;
    auto done = Query(sql, values, [&](const Row& row) {
      if (!first) first = map(row);
    });
    if (!done) return std::move(done).error();
    return first;
  }

  /// Runs several statements without parameters.
  Result<void> RunScript(const std::string& sql);

  /// Runs `work` as one transaction: everything it wrote is committed if it succeeds, nothing if it
  /// fails. Takes the write lock at once, so that it cannot fail half-way for want of it. Not to be
  /// nested.
  template <class Work, class R = std::invoke_result_t<Work, Database&>>
  R InTransaction(Work work) {
    return Transact("BEGIN IMMEDIATE", std::move(work));
  }

  /// The same for reading only: one consistent view, and no lock.
  template <class Work, class R = std::invoke_result_t<Work, Database&>>
  R InSnapshot(Work work) {
    return Transact("BEGIN", std::move(work));
  }

  /// How long each statement waits from now on for another process's lock, kLockWait at first; 0:
  /// not at all.
  void SetLockWait(std::chrono::milliseconds wait);

  /// A number that changes whenever another connection changed the file.
  Result<std::int64_t> DataVersion();

 private:
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  explicit Database(sqlite3* handle) : handle_(handle) {}
  Result<void> Configure();
  Result<void> Migrate(const std::filesystem::path& folder, const FolderLock* lock);
  Result<sqlite3_stmt*> Prepare(std::string_view sql);
  Result<std::int64_t> Pragma(std::string_view sql);
  void RollBack();
  Error LastError(std::string_view doing);

  template <class Work, class R = std::invoke_result_t<Work, Database&>>
  R Transact(std::string_view begin, Work work) {
    auto begun = Run(begin);
    if (!begun) return std::move(begun).error();
    R result = work(*this);
    if (!result) {
      RollBack();
      return result;
    }
    auto committed = Run("COMMIT");
    if (!committed) {
      RollBack();
      return std::move(committed).error();
    }
    return result;
  }

  sqlite3* handle_;
  bool is_destroyed_ = false;  // As far as an error of SQLite has said so.
  std::unordered_map<std::string, sqlite3_stmt*, TextHash, std::equal_to<>> statements_;
};

}  // namespace berth::store
