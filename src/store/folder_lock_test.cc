#include "store/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::store {
namespace {

TEST(FolderLockTest, OneHolderAtATime) {
  testing::TempFolder folder;
  auto first = FolderLock::Take(folder.path());
  ASSERT_THAT(first, testing::IsOk());
  EXPECT_THAT(FolderLock::Take(folder.path()), testing::FailsWith(ErrorKind::kConflict));
  first->reset();
  EXPECT_THAT(FolderLock::Take(folder.path()), testing::IsOk());
}

TEST(FolderLockTest, NoFolderThatIsMadeForTheDataIsOpenToOthers) {
  testing::TempFolder folder;
  const auto data = folder.path() / "srv" / "berth" / "data/";
  const mode_t before = ::umask(0);
  const auto lock = FolderLock::Take(data);
  ::umask(before);
  ASSERT_THAT(lock, testing::IsOk());
  const auto perms = [](const std::filesystem::path& path) {
    return std::filesystem::status(path).permissions();
  };
  for (const char* part : {"srv", "srv/berth", "srv/berth/data"}) {
    EXPECT_EQ(perms(folder.path() / part), std::filesystem::perms::owner_all) << part;
  }
}

}  // namespace
}  // namespace berth::store
