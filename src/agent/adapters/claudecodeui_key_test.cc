#include "agent/adapters/claudecodeui_key.h"

#include <gtest/gtest.h>

#include <fstream>

#include "agent/adapters/fake_database_testing.h"
#include "agent/adapters/jwt.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;
using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TempFolder;
using std::string_literals::operator""s;  // For text with NUL bytes.

void WriteFile(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

TEST(MintToken, IsTheTokenThatTheInstanceWouldSign) {
  const auto issued = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  EXPECT_EQ(MintToken("secret", 1, "admin", issued, std::chrono::hours(1)),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
            "eyJ1c2VySWQiOjEsInVzZXJuYW1lIjoiYWRtaW4iLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwM"
            "H0.WNPSahEPfySNg5hIPyj7SeUANSVib0YMunfNfufqiQ4");
}

TEST(FindKeyPlaces, DefaultsToTheHomeFolder) {
  EXPECT_EQ(FindKeyPlaces({.home = "/home/u"}).database, "/home/u/.cloudcli/auth.db");
}

TEST(FindKeyPlaces, FollowsTheInstancesOwnOrder) {
  const TempFolder folder;
  KeyHints hints{.pid = 77, .app_root = folder.path() / "app", .home = "/home/u"};
  hints.proc = folder.path() / "proc";

  WriteFile(hints.app_root / ".env",
            "# a comment\nDATABASE_PATH=/from/dotenv.db\nJWT_SECRET=of=dotenv \r\nAPI_KEY=key\n");
  EXPECT_EQ(FindKeyPlaces(hints).database, "/from/dotenv.db");
  EXPECT_EQ(FindKeyPlaces(hints).secret, "of=dotenv");
  EXPECT_EQ(FindKeyPlaces(hints).api_key, "key");

  WriteFile(hints.proc / "77" / "environ", "A=b\0JWT_SECRET=env\0DATABASE_PATH=/from/env.db\0"s);
  EXPECT_EQ(FindKeyPlaces(hints).database, "/from/env.db");
  EXPECT_EQ(FindKeyPlaces(hints).secret, "env");
}

TEST(FindKeyPlaces, TakesNothingFromAFileThatIsTooLarge) {
  const TempFolder folder;
  const KeyHints hints{.app_root = folder.path() / "app", .home = "/home/u"};
  const std::string settings = "JWT_SECRET=key\nDATABASE_PATH=/from/dotenv.db\n";
  WriteFile(hints.app_root / ".env", settings + std::string(1024 * 1024 - settings.size(), '#'));
  EXPECT_EQ(FindKeyPlaces(hints).secret, "key");
  WriteFile(hints.app_root / ".env", settings + std::string(1024 * 1024, '#'));
  EXPECT_EQ(FindKeyPlaces(hints).secret, std::nullopt);
  EXPECT_EQ(FindKeyPlaces(hints).database, "/home/u/.cloudcli/auth.db");
}

TEST(FindKeyPlaces, UsesTheHomeAndFolderOfTheProcess) {
  const TempFolder folder;
  KeyHints hints{.pid = 77, .home = "/home/agent"};
  hints.proc = folder.path() / "proc";
  WriteFile(hints.proc / "77" / "environ", "HOME=/home/instance\0DATABASE_PATH=\0"s);
  EXPECT_EQ(FindKeyPlaces(hints).database, "/home/instance/.cloudcli/auth.db");

  WriteFile(hints.proc / "77" / "environ", "DATABASE_PATH=db/auth.db\0"s);
  fs::create_directory_symlink("/srv/app", hints.proc / "77" / "cwd");
  EXPECT_EQ(FindKeyPlaces(hints).database, "/srv/app/db/auth.db");
}

TEST(FindKeyPlaces, KnowsWhereEarlyVersionsKeepTheirDatabase) {
  const TempFolder folder;
  const KeyHints hints{.app_root = folder.path() / "app", .home = folder.path()};
  WriteFile(hints.app_root / "server" / "database" / "auth.db", "");
  EXPECT_EQ(FindKeyPlaces(hints).database, hints.app_root / "server/database/auth.db");
  WriteFile(folder.path() / ".cloudcli" / "auth.db", "");
  EXPECT_EQ(FindKeyPlaces(hints).database, folder.path() / ".cloudcli/auth.db");
}

TEST(ReadInstanceKey, TakesTheFirstActiveUser) {
  const TempFolder folder;
  const KeyPlaces places{.database = folder.path() / "auth.db"};
  testing::MakeDatabase(places.database, "hush");
  testing::AddUser(places.database, 3, "carol");
  testing::AddUser(places.database, 1, "alice", 0);
  testing::AddUser(places.database, 2, "bob");
  const auto key = ReadInstanceKey(places);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->user_id, 2);
  EXPECT_EQ(key->username, "bob");
  EXPECT_EQ(key->secret, "hush");
}

TEST(ReadInstanceKey, PrefersTheSecretOfTheEnvironment) {
  const TempFolder folder;
  const KeyPlaces places{.database = folder.path() / "auth.db", .secret = "env"};
  testing::MakeDatabase(places.database, "hush");
  testing::AddUser(places.database, 1, "alice");
  const auto key = ReadInstanceKey(places);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->secret, "env");
}

TEST(ReadInstanceKey, SaysWhatIsMissing) {
  const TempFolder folder;
  const KeyPlaces places{.database = folder.path() / "auth.db"};
  EXPECT_THAT(ReadInstanceKey(places), FailsWith(ErrorKind::kUnavailable));
  EXPECT_FALSE(fs::exists(places.database));
  testing::MakeDatabase(places.database, "hush");
  EXPECT_THAT(ReadInstanceKey(places), FailsWith(ErrorKind::kNotFound));
  testing::AddUser(places.database, 1, "alice");
  testing::RunSql(places.database, "DELETE FROM app_config");
  EXPECT_THAT(ReadInstanceKey(places), FailsWith(ErrorKind::kUnavailable));
  WriteFile(places.database, "this is no database, however long one looks at it, is it?");
  EXPECT_THAT(ReadInstanceKey(places), FailsWith(ErrorKind::kInternal));
}

TEST(ReadInstanceKey, KnowsTheSecretOfEarlyVersions) {
  const TempFolder folder;
  const KeyPlaces places{.database = folder.path() / "auth.db"};
  testing::MakeDatabase(places.database, "hush");
  testing::AddUser(places.database, 1, "alice");
  testing::RunSql(places.database, "DROP TABLE app_config");
  const auto key = ReadInstanceKey(places);
  ASSERT_THAT(key, IsOk());
  EXPECT_TRUE(key->secret.starts_with("claude-ui-dev-secret"));
}

TEST(StampOf, ChangesWhenTheFileIsReplaced) {
  const TempFolder folder;
  const fs::path path = folder.path() / "auth.db";
  EXPECT_EQ(StampOf(path), FileStamp());
  WriteFile(path, "a");
  const FileStamp first = StampOf(path);
  WriteFile(folder.path() / "new", "b");
  fs::rename(folder.path() / "new", path);
  EXPECT_NE(StampOf(path), first);
}

}  // namespace
}  // namespace berth::agent
