#include "store/folder_lock.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace berth::store
