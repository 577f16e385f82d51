#include "store/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/private_file.h"
#include "store/folder_lock.h"
#include "store/schema.h"

namespace berth::store {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kAskAgain{5};
/// "brth", in the file's header: tells our files from other SQLite files.
constexpr std::int64_t kApplicationId = 0x62727468;

ErrorKind KindOf(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
      return ErrorKind::kUnavailable;
    case SQLITE_CONSTRAINT:
      return ErrorKind::kConflict;
    case SQLITE_TOOBIG:
      return ErrorKind::kTooLarge;
    default:
      return ErrorKind::kInternal;
  }
}

std::string_view NextStep(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
      return ": another program holds it";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ": restore the backup (docs/operations.md, Backup)";
    default:
      return "";
  }
}

/// Makes the file with the right mode before SQLite would make it with another; its companions
/// (-wal, -shm) take the mode of the file.
Result<void> PrepareFile(const std::filesystem::path& folder, const std::filesystem::path& file) {
  auto made = MakePrivateFolder(folder);
  if (!made) return made;
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return OwnersFileError(errno, fmt::format("open {}", file.string()));
  struct stat status = {};
  const bool too_open = ::fstat(descriptor, &status) == 0 && (status.st_mode & 0077) != 0;
  const bool failed = too_open && ::fchmod(descriptor, 0600) != 0;
  const int reason = errno;
  ::close(descriptor);
  if (failed) return OwnersFileError(reason, fmt::format("make {} private", file.string()));
  return Ok();
}

/// A statement in use: rewound and emptied at the end of the scope, so that it holds no lock.
class InUse {
 public:
  explicit InUse(sqlite3_stmt* statement) : statement_(statement) {}
  ~InUse() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

  int Bind(std::initializer_list<Value> values) {
    int index = 0;
    for (const Value& value : values) {
      ++index;
      const int code = std::visit([&](const auto& v) { return BindOne(index, v); }, value);
      if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
  }

 private:
  int BindOne(int index, std::monostate) { return sqlite3_bind_null(statement_, index); }
  int BindOne(int index, std::int64_t value) {
    return sqlite3_bind_int64(statement_, index, value);
  }
  int BindOne(int index, std::string_view text) {
    const char* data = text.data() == nullptr ? "" : text.data();
    return sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int BindOne(int index, std::span<const std::byte> bytes) {
    if (bytes.empty()) return sqlite3_bind_zeroblob(statement_, index, 0);
    return sqlite3_bind_blob64(statement_, index, bytes.data(), bytes.size(), SQLITE_STATIC);
  }

  sqlite3_stmt* statement_;
};

}  // namespace

bool Row::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Row::Integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Row::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const std::byte> Row::Blob(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<std::int64_t> Row::IntegerOrNull(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Integer(column);
}

std::optional<std::string> Row::StringOrNull(int column) const {
  if (IsNull(column)) return std::nullopt;
  return String(column);
}

std::optional<WallTime> Row::TimeOrNull(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Time(column);
}

Result<std::unique_ptr<Database>> Database::Open(const std::filesystem::path& folder,
                                                 const FolderLock* lock) {
  const std::filesystem::path file = folder / kDatabaseFile;
  auto prepared = PrepareFile(folder, file);
  if (!prepared) return std::move(prepared).error();

  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  if (handle == nullptr) return Internal("open the database: out of memory");
  std::unique_ptr<Database> database(new Database(handle));
  const std::string doing = fmt::format("open {}", file.string());
  if (code != SQLITE_OK) return database->LastError(doing);
  auto ready = database->Configure();
  if (ready) ready = database->Migrate(folder, lock);
  if (ready) return database;
  Error error = Wrap(std::move(ready).error(), doing);
  if (database->is_destroyed_) error.kind = ErrorKind::kInvalid;
  return error;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<void> Database::Configure() {
  SetLockWait(kLockWait);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  std::string mode;
  const auto ask = [&] {
    return Query("PRAGMA journal_mode=WAL", {}, [&](const Row& row) { mode = row.String(0); });
  };
  auto asked = ask();
  // For another process that changes the mode of a new file, SQLite itself does not wait.
  for (auto waited = 0ms; !asked && waited < kLockWait; waited += kAskAgain) {
    if ((sqlite3_extended_errcode(handle_) & 0xff) != SQLITE_BUSY) break;
    std::this_thread::sleep_for(kAskAgain);
    asked = ask();
  }
  if (!asked) return asked;
  if (mode != "wal") return Internal("the file system cannot do write-ahead logging");
  return RunScript(
      "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=4194304;");
}

Result<void> Database::Migrate(const std::filesystem::path& folder, const FolderLock* lock) {
  const auto steps = SchemaSteps();
  const auto known = static_cast<std::int64_t>(steps.size());
  std::unique_ptr<FolderLock> own;
  // Several processes may open a new file at once: whoever writes looks again.
  for (;;) {
    // At one moment: another process may be making its tables.
    std::int64_t application = 0;
    std::int64_t tables = 0;
    std::int64_t version = 0;
    auto looked = Query(
        "SELECT (SELECT application_id FROM pragma_application_id),"
        " (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)",
        {}, [&](const Row& row) {
          application = row.Integer(0);
          version = row.Integer(1);
          tables = row.Integer(2);
        });
    if (!looked) return looked;
    if (version > known) {
      return Invalid(fmt::format(
          "a newer berth wrote it (schema {}, this one knows {}): update this berth, or "
          "restore the backup of before",
          version, known));
    }
    if (application != kApplicationId && (tables != 0 || version != 0)) {
      return Invalid("it is not a database of berth");
    }
    if (version == known) return Ok();
    // No hub runs on a file that is new.
    if (version > 0 && lock == nullptr && own == nullptr) {
      auto taken = FolderLock::Take(folder);
      if (!taken && taken.error().kind == ErrorKind::kConflict) {
        return Conflict(fmt::format(
            "an older hub runs on it (schema {}, this berth has {}): stop the hub first", version,
            known));
      }
      if (!taken) return std::move(taken).error();
      own = std::move(*taken);
    }

    auto done = InTransaction([&](Database&) -> Result<void> {
      auto present = Pragma("PRAGMA user_version");
      if (!present) return std::move(present).error();
      if (*present != version) return Ok();
      return RunScript(
          fmt::format("{} PRAGMA application_id={}; PRAGMA user_version={};",
                      fmt::join(steps.subspan(static_cast<std::size_t>(version)), "\n"),
                      kApplicationId, known));
    });
    if (!done) return Wrap(std::move(done).error(), fmt::format("schema {}", known));
    if (version > 0) LogInfo("database brought from schema {} to {}", version, known);
  }
}

Result<sqlite3_stmt*> Database::Prepare(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return LastError("prepare a statement");
  CHECK(statement != nullptr);
  statements_.emplace(sql, statement);
  return statement;
}

Result<void> Database::Query(std::string_view sql, std::initializer_list<Value> values,
                             const std::function<void(const Row&)>& each) {
  auto statement = Prepare(sql);
  if (!statement) return std::move(statement).error();
  CHECK(static_cast<std::size_t>(sqlite3_bind_parameter_count(*statement)) == values.size());
  InUse in_use(*statement);
  if (in_use.Bind(values) != SQLITE_OK) return LastError("bind a value");
  for (;;) {
    const int code = sqlite3_step(*statement);
    if (code == SQLITE_DONE) return Ok();
    if (code != SQLITE_ROW) return LastError("run a statement");
    each(Row(*statement));
  }
}

Result<std::int64_t> Database::Run(std::string_view sql, std::initializer_list<Value> values) {
  auto done = Query(sql, values, [](const Row&) {});
  if (!done) return std::move(done).error();
  return sqlite3_changes64(handle_);
}

Result<void> Database::RunScript(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return LastError("run a script");
  return Ok();
}

Result<std::int64_t> Database::Pragma(std::string_view sql) {
  auto value = First(sql, {}, [](const Row& row) { return row.Integer(0); });
  if (!value) return std::move(value).error();
  if (!*value) return Internal(fmt::format("{}: no answer", sql));
  return **value;
}

void Database::SetLockWait(std::chrono::milliseconds wait) {
  sqlite3_busy_timeout(handle_, static_cast<int>(wait.count()));
}

Result<std::int64_t> Database::DataVersion() { return Pragma("PRAGMA data_version"); }

void Database::RollBack() {
  // Some failures (a full disk) have rolled back already.
  if (sqlite3_get_autocommit(handle_) != 0) return;
  sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Error Database::LastError(std::string_view doing) {
  const int code = sqlite3_extended_errcode(handle_);
  if ((code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT) is_destroyed_ = true;
  // SQLite knows a full disk by name only where it writes the database itself.
  const int reason = sqlite3_system_errno(handle_);
  const bool is_full = (code & 0xff) == SQLITE_FULL ||
                       ((code & 0xff) == SQLITE_IOERR && (reason == ENOSPC || reason == EDQUOT));
  return {KindOf(code),
          fmt::format("{}: {}{} ({})", doing,
                      is_full ? "no space left on the device: free some" : sqlite3_errmsg(handle_),
                      NextStep(code), code)};
}

}  // namespace berth::store
