// The database file: modes, versions, transactions, failures, and what survives a kill.
#include "store/database.h"

#include <fmt/format.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "store/folder_lock.h"
#include "store/instances.h"
#include "store/meta.h"
#include "store/notify_targets.h"
#include "store/outbox.h"
#include "store/schema.h"
#include "store/sessions.h"

namespace berth::store {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::berth::testing::TempFolder;

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat status = {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

std::unique_ptr<Database> MustOpen(const std::filesystem::path& folder) {
  auto database = Database::Open(folder);
  EXPECT_THAT(database, IsOk());
  return database ? *std::move(database) : nullptr;
}

/// Runs SQL on the file behind the Database's back.
void RunRaw(const std::filesystem::path& file, const char* sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  sqlite3_close(handle);
}

/// A database as berth left it with so many steps of its schema, and what `script` put in.
void MakeOld(const std::filesystem::path& folder, std::size_t steps, std::string_view script) {
  RunRaw(folder / kDatabaseFile,
         fmt::format("{} PRAGMA application_id = 0x62727468; PRAGMA user_version = {}; {}",
                     fmt::join(SchemaSteps().first(steps), "\n"), steps, script)
             .c_str());
}

std::int64_t NumberIn(const std::filesystem::path& file, const char* sql) {
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
  std::int64_t number = -1;
  const auto keep = [](void* into, int, char** values, char**) {
    *static_cast<std::int64_t*>(into) = std::stoll(values[0]);
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(handle, sql, keep, &number, nullptr), SQLITE_OK) << sql;
  sqlite3_close(handle);
  return number;
}

std::int64_t SchemaOf(const std::filesystem::path& file) {
  return NumberIn(file, "PRAGMA user_version");
}

TEST(DatabaseTest, MakesAPrivateFolderAndPrivateFiles) {
  const TempFolder temp;
  const auto folder = temp.path() / "state" / "berth";
  const auto database = MustOpen(folder);
  ASSERT_THAT(WriteMeta(*database, "a", "b"), IsOk());
  EXPECT_EQ(ModeOf(folder), 0700U);
  MustOpen(temp.path() / "other" / "");
  EXPECT_EQ(ModeOf(temp.path() / "other"), 0700U) << "named with a slash at its end";
  for (const char* name : {"berth.db", "berth.db-wal", "berth.db-shm"}) {
    EXPECT_EQ(ModeOf(folder / name), 0600U) << name;
  }
}

TEST(DatabaseTest, MakesAnExistingFilePrivateAndLeavesTheFolderAlone) {
  const TempFolder temp;
  MustOpen(temp.path());
  std::filesystem::permissions(temp.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(temp.path() / kDatabaseFile, std::filesystem::perms(0644));
  MustOpen(temp.path());
  EXPECT_EQ(ModeOf(temp.path() / kDatabaseFile), 0600U);
  EXPECT_EQ(ModeOf(temp.path()), 0755U);
}

TEST(DatabaseTest, KeepsDataBetweenOpenings) {
  const TempFolder temp;
  ASSERT_THAT(WriteMeta(*MustOpen(temp.path()), "key", "value"), IsOk());
  EXPECT_EQ(ReadMeta(*MustOpen(temp.path()), "key").value(), "value");
  EXPECT_EQ(ReadMeta(*MustOpen(temp.path()), "other").value(), std::nullopt);
}

TEST(DatabaseTest, RefusesANewerSchemaAndSaysSo) {
  const TempFolder temp;
  MustOpen(temp.path());
  RunRaw(temp.path() / kDatabaseFile, "PRAGMA user_version = 99");
  const auto opened = Database::Open(temp.path());
  ASSERT_THAT(opened, FailsWith(ErrorKind::kInvalid));
  EXPECT_NE(opened.error().message.find("a newer berth wrote it (schema 99"), std::string::npos)
      << opened.error().message;
}

TEST(DatabaseTest, AnOlderSchemaIsBroughtUpToDateUnderTheLockOnly) {
  const TempFolder temp;
  const auto file = temp.path() / kDatabaseFile;
  const auto steps = SchemaSteps();
  const auto known = static_cast<std::int64_t>(steps.size());
  MakeOld(temp.path(), steps.size() - 1, "");
  auto lock = FolderLock::Take(temp.path());
  ASSERT_THAT(lock, IsOk());
  const auto refused = Database::Open(temp.path());
  ASSERT_THAT(refused, FailsWith(ErrorKind::kConflict));
  EXPECT_NE(refused.error().message.find("stop the hub first"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(SchemaOf(file), known - 1);

  EXPECT_THAT(Database::Open(temp.path(), lock->get()), IsOk());
  EXPECT_EQ(SchemaOf(file), known);
  EXPECT_THAT(Database::Open(temp.path()), IsOk()) << "beside a hub, once it is up to date";
}

TEST(DatabaseTest, IdsOfBeforeAreTheirOwnersForGood) {
  const TempFolder temp;
  MakeOld(temp.path(), 4,  // The steps without the table id_owners.
          "INSERT INTO users (id, provider, subject, name, created_at)"
          " VALUES (1, 'local', 'a', 'a', 0), (2, 'local', 'b', 'b', 0);"
          "INSERT INTO instances VALUES ('here', 2, '', '{}', 0, 0, NULL, NULL);"
          "INSERT INTO shared_ids VALUES ('shared', 1);"
          "INSERT INTO audit VALUES"
          " (1, 0, 1, 'a', 'instance_remove', 'here', '', 'ok', '', x''),"
          " (2, 0, 1, 'a', 'instance_remove', 'gone', '', 'ok', '', x''),"
          " (3, 0, 2, 'b', 'instance_remove', 'gone', '', 'ok', '', x''),"
          " (4, 0, 1, 'a', 'instance_remove', 'gone', '', 'denied', '', x'');");
  auto database = MustOpen(temp.path());
  for (const auto& [id, whose] : {std::pair("here", 2), {"shared", 1}, {"gone", 2}}) {
    EXPECT_THAT(ClaimInstance(*database, id, 3 - whose, "{}", {}), FailsWith(ErrorKind::kForbidden))
        << id;
    EXPECT_THAT(ClaimInstance(*database, id, whose, "{}", {}), IsOk()) << id;
  }
}

TEST(DatabaseTest, NotificationTargetsOfBeforeEndWithNoSession) {
  const TempFolder temp;
  MakeOld(temp.path(), 6,  // The steps without notify_targets.session_id.
          "INSERT INTO users (id, provider, subject, name, created_at)"
          " VALUES (1, 'local', 'a', 'a', 0);"
          "INSERT INTO sessions VALUES ('s', x'', 1, NULL, NULL, 0, 0, 0, '', '');"
          "INSERT INTO notify_targets"
          " (id, user_id, kind, name, sealed_config, events, created_at)"
          " VALUES ('t', 1, 'webpush', 'phone', x'', 'failed', 0);");
  auto database = MustOpen(temp.path());
  ASSERT_THAT(DeleteSession(*database, "s"), IsOk());
  const auto target = FindNotifyTarget(*database, "t").value();
  ASSERT_TRUE(target);
  EXPECT_EQ(target->session_id, std::nullopt);
}

TEST(DatabaseTest, SinceWhenTargetsFailIsKept) {
  const TempFolder temp;
  MakeOld(
      temp.path(), 8,  // The steps that say it of each notification.
      "INSERT INTO users (id, provider, subject, name, created_at)"
      " VALUES (1, 'local', 'a', 'a', 0);"
      "INSERT INTO notify_targets (id, user_id, kind, name, sealed_config, events, created_at)"
      " VALUES ('fails', 1, 'ntfy', 'phone', x'', '', 0), ('works', 1, 'ntfy', 'desk', x'', '', 0);"
      "INSERT INTO outbox"
      " (target_id, dedupe_key, event, created_at, not_before, first_attempt_at, done_at)"
      " VALUES ('fails', 'a', '{}', 0, 0, 70, 80), ('fails', 'b', '{}', 10, 0, 90, NULL),"
      " ('fails', 'c', '{}', 95, 0, 99, NULL), ('works', 'd', '{}', 0, 0, NULL, NULL);");
  const auto database = MustOpen(temp.path());
  const auto first = [&](std::int64_t id) {
    return FindOutbox(*database, id).value().value().first_attempt_at;
  };
  EXPECT_EQ(first(2), FromUnixMs(90));
  EXPECT_EQ(first(3), FromUnixMs(95)) << "when it came";
  EXPECT_EQ(first(4), std::nullopt);
}

TEST(DatabaseTest, RefusesAnotherProgramsDatabase) {
  const TempFolder temp;
  RunRaw(temp.path() / kDatabaseFile, "CREATE TABLE theirs (x)");
  EXPECT_THAT(Database::Open(temp.path()), FailsWith(ErrorKind::kInvalid));
}

TEST(DatabaseTest, RefusesAFileThatIsNoDatabase) {
  const TempFolder temp;
  std::ofstream(temp.path() / kDatabaseFile) << std::string(4096, 'x');
  const auto opened = Database::Open(temp.path());
  ASSERT_THAT(opened, FailsWith(ErrorKind::kInvalid));
  EXPECT_TRUE(opened.error().message.contains("restore the backup")) << opened.error().message;
}

TEST(DatabaseTest, RefusesADatabaseOfBeforeThatIsDestroyed) {
  const TempFolder temp;
  MakeOld(temp.path(), SchemaSteps().size() - 1, "");
  const auto file = temp.path() / kDatabaseFile;
  const auto number = [&file](const char* sql) { return NumberIn(file, sql); };
  const auto page = number("SELECT rootpage FROM sqlite_schema WHERE name = 'outbox'");
  const auto size = number("PRAGMA page_size");
  std::fstream raw(file, std::ios::in | std::ios::out | std::ios::binary);
  raw.seekp((page - 1) * size);
  raw << std::string(static_cast<std::size_t>(size), 'x');
  raw.close();
  const auto opened = Database::Open(temp.path());
  ASSERT_THAT(opened, FailsWith(ErrorKind::kInvalid));
  EXPECT_TRUE(opened.error().message.contains("restore the backup")) << opened.error().message;
}

TEST(DatabaseTest, RefusesAFolderThatCannotBeMade) {
  EXPECT_THAT(Database::Open("/proc/nothing/here"), FailsWith(ErrorKind::kNotFound));
}

TEST(DatabaseTest, ATransactionThatFailsWritesNothing) {
  const TempFolder temp;
  const auto database = MustOpen(temp.path());
  const auto done = database->InTransaction([](Database& inside) -> Result<void> {
    auto written = WriteMeta(inside, "key", "value");
    if (!written) return written;
    return Invalid("changed my mind");
  });
  EXPECT_THAT(done, FailsWith(ErrorKind::kInvalid));
  EXPECT_EQ(ReadMeta(*database, "key").value(), std::nullopt);
  EXPECT_THAT(database->InTransaction([](Database& in) { return WriteMeta(in, "key", "2"); }),
              IsOk());
}

TEST(DatabaseTest, BindsEveryKindOfValue) {
  const TempFolder temp;
  const auto database = MustOpen(temp.path());
  const std::string text("with\0nul", 8);
  const auto row = database->First(
      "SELECT ?1, ?2, ?3, ?4, ?5",
      {std::int64_t{-5}, text, std::as_bytes(std::span(text)), Value(), std::string_view()},
      [](const Row& r) {
        return std::tuple(r.Integer(0), r.String(1), r.Blob(2).size(), r.IsNull(3), r.IsNull(4));
      });
  EXPECT_EQ(row.value(), std::tuple(-5, text, 8U, true, false));
}

TEST(DatabaseTest, ConstraintsAreConflicts) {
  const TempFolder temp;
  const auto database = MustOpen(temp.path());
  const std::string_view sql =
      "INSERT INTO login_codes (id, secret_hash, user_id, created_at, expires_at)"
      " VALUES ('x', x'00', 42, 0, 0)";
  EXPECT_THAT(database->Run(sql), FailsWith(ErrorKind::kConflict));
}

TEST(DatabaseTest, AnotherConnectionsChangesMoveTheDataVersion) {
  const TempFolder temp;
  const auto mine = MustOpen(temp.path());
  const auto theirs = MustOpen(temp.path());
  const auto before = mine->DataVersion().value();
  ASSERT_THAT(WriteMeta(*mine, "key", "mine"), IsOk());
  EXPECT_EQ(mine->DataVersion().value(), before);
  ASSERT_THAT(WriteMeta(*theirs, "key", "theirs"), IsOk());
  EXPECT_NE(mine->DataVersion().value(), before);
  EXPECT_EQ(ReadMeta(*mine, "key").value(), "theirs");
}

TEST(DatabaseTest, ALockedFileIsUnavailableAndRecovers) {
  const TempFolder temp;
  const auto mine = MustOpen(temp.path());
  const auto theirs = MustOpen(temp.path());
  ASSERT_THAT(mine->RunScript("PRAGMA busy_timeout = 1"), IsOk());
  ASSERT_THAT(theirs->Run("BEGIN IMMEDIATE"), IsOk());
  const auto write = [](Database& in) { return WriteMeta(in, "key", "value"); };
  const auto locked = mine->InTransaction(write);
  ASSERT_THAT(locked, FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(locked.error().message.contains("locked: another program holds it"));
  ASSERT_THAT(theirs->Run("COMMIT"), IsOk());
  EXPECT_THAT(mine->InTransaction(write), IsOk());
}

TEST(DatabaseTest, AFullDiskIsUnavailableWritesNothingAndRecovers) {
  const TempFolder temp;
  const auto database = MustOpen(temp.path());
  ASSERT_THAT(WriteMeta(*database, "key", "before"), IsOk());
  const auto pages =
      database->First("PRAGMA page_count", {}, [](const Row& r) { return r.Integer(0); });
  ASSERT_THAT(database->RunScript(fmt::format("PRAGMA max_page_count = {}", **pages)), IsOk());
  const std::string big(1'000'000, 'x');
  const auto write = [&](Database& in) -> Result<void> {
    auto first = WriteMeta(in, "key", "after");
    if (!first) return first;
    return WriteMeta(in, "big", big);
  };
  const auto written = database->InTransaction(write);
  ASSERT_THAT(written, FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(written.error().message.contains("no space left on the device: free some"))
      << written.error().message;
  EXPECT_EQ(ReadMeta(*database, "key").value(), "before");
  ASSERT_THAT(database->RunScript("PRAGMA max_page_count = 100000"), IsOk());
  EXPECT_THAT(database->InTransaction(write), IsOk());
  EXPECT_EQ(ReadMeta(*database, "key").value(), "after");
}

/// The child of the test below: writes 1, 2, 3, ... and reports each one once it is acknowledged.
[[noreturn]] void WriteUntilKilled(const std::filesystem::path& folder, int report) {
  auto database = Database::Open(folder);
  if (!database) ::_exit(1);
  for (std::int64_t i = 1;; ++i) {
    auto done = (*database)->InTransaction([i](Database& in) -> Result<void> {
      auto first = WriteMeta(in, "first", std::to_string(i));
      if (!first) return first;
      return WriteMeta(in, "second", std::to_string(i));
    });
    if (!done || ::write(report, &i, sizeof i) != sizeof i) ::_exit(1);
  }
}

TEST(DatabaseTest, WhatWasAcknowledgedSurvivesKillNine) {
  const TempFolder temp;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) WriteUntilKilled(temp.path(), ends[1]);
    ::close(ends[1]);
    std::int64_t acknowledged = 0;
    while (acknowledged < 20 + round) {
      ASSERT_EQ(::read(ends[0], &acknowledged, sizeof acknowledged),
                static_cast<ssize_t>(sizeof acknowledged));
    }
    ::kill(child, SIGKILL);
    for (std::int64_t more = 0; ::read(ends[0], &more, sizeof more) > 0;) acknowledged = more;
    ::close(ends[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);

    const auto database = MustOpen(temp.path());
    const auto first = std::stoll(ReadMeta(*database, "first").value().value());
    const auto second = std::stoll(ReadMeta(*database, "second").value().value());
    EXPECT_EQ(first, second) << "half a transaction";
    EXPECT_GE(first, acknowledged);
    EXPECT_LE(first, acknowledged + 1);
  }
}

TEST(DatabaseTest, ManyProcessesMayOpenANewFileAtOnce) {
  const TempFolder temp;
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto database = Database::Open(temp.path());
      const auto done = database ? WriteMeta(**database, std::to_string(i), "here")
                                 : Result<void>(database.error());
      if (!done) std::fprintf(stderr, "%s\n", done.error().ToString().c_str());
      ::_exit(done ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const auto database = MustOpen(temp.path());
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ReadMeta(*database, std::to_string(i)).value(), "here");
}

}  // namespace
}  // namespace berth::store
