#include "base/private_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777;
}

TEST(PrivateFileTest, KeepsWhatWasWrittenFromOthers) {
  const berth::testing::TempFolder folder;
  const auto file = folder.path() / "state" / "agent" / "secret";
  EXPECT_THAT(ReadPrivateFile(file, 100), FailsWith(ErrorKind::kNotFound));
  ASSERT_THAT(WritePrivateFile(file, "one"), IsOk());
  EXPECT_EQ(ReadPrivateFile(file, 3).value(), "one");
  EXPECT_EQ(ModeOf(file), 0600U);
  EXPECT_EQ(ModeOf(file.parent_path()), 0700U);
  ASSERT_THAT(WritePrivateFile(file, "two, longer"), IsOk());
  EXPECT_EQ(ReadPrivateFile(file, 100).value(), "two, longer");
  EXPECT_EQ(ModeOf(file), 0600U);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(file.parent_path())) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 1U);
}

TEST(PrivateFileTest, APipeIsNone) {
  const berth::testing::TempFolder folder;
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(ReadPrivateFile(pipe, 100), FailsWith(ErrorKind::kInvalid));
}

TEST(SmallFileTest, IsReadWholeOrTheCauseIsTold) {
  const berth::testing::TempFolder folder;
  const auto file = folder.path() / "file";
  ASSERT_THAT(WritePrivateFile(file, "text"), IsOk());
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  EXPECT_EQ(ReadSmallFile(file, 4).value(), "text");
  EXPECT_THAT(ReadSmallFile(file, 3), FailsWith(ErrorKind::kTooLarge));
  const auto why = [&](const std::filesystem::path& path, ErrorKind kind) {
    const auto read = ReadSmallFile(path, 100);
    EXPECT_THAT(read, FailsWith(kind));
    return read.error().message;
  };
  EXPECT_EQ(why(folder.path() / "none", ErrorKind::kNotFound),
            "open " + (folder.path() / "none").string() + ": No such file or directory");
  EXPECT_EQ(why(folder.path(), ErrorKind::kInvalid),
            "read " + folder.path().string() + ": Is a directory");
}

TEST(OwnersFileTest, AFolderThatCannotBeWrittenHasAWayOut) {
  EXPECT_THAT(OwnersFileError(EROFS, "open d/hub.lock").message,
              ::testing::EndsWith(
                  "Read-only file system; berth has to write there: choose another folder"));
}

TEST(PrivateFileTest, NoFolderThatItMakesIsOpenToOthers) {
  const berth::testing::TempFolder folder;
  const auto file = folder.path() / "state" / "agent" / "secret";
  const mode_t before = ::umask(0);
  const auto written = WritePrivateFile(file, "one");
  ::umask(before);
  ASSERT_THAT(written, IsOk());
  EXPECT_EQ(ModeOf(file), 0600U);
  EXPECT_EQ(ModeOf(folder.path() / "state" / "agent"), 0700U);
  EXPECT_EQ(ModeOf(folder.path() / "state"), 0700U);
}

TEST(PrivateFileTest, RefusesWhatOthersMayTouch) {
  const berth::testing::TempFolder folder;
  const auto file = folder.path() / "secret";
  ASSERT_THAT(WritePrivateFile(file, "one"), IsOk());
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    const auto read = ReadPrivateFile(file, 100);
    EXPECT_THAT(read, FailsWith(ErrorKind::kForbidden));
    EXPECT_NE(read.error().message.find("chmod 600"), std::string::npos);
  }
}

TEST(PrivateFileTest, RefusesWhatIsTooLargeOrNoFile) {
  const berth::testing::TempFolder folder;
  const auto file = folder.path() / "secret";
  ASSERT_THAT(WritePrivateFile(file, std::string(10'000, 'a')), IsOk());
  EXPECT_THAT(ReadPrivateFile(file, 9'999), FailsWith(ErrorKind::kTooLarge));
  EXPECT_THAT(ReadPrivateFile(folder.path(), 100), FailsWith(ErrorKind::kInvalid));
  EXPECT_FALSE(WritePrivateFile(folder.path() / "secret" / "below", "x"));
  EXPECT_FALSE(WritePrivateFile(folder.path(), "x"));
}

}  // namespace
}  // namespace berth
