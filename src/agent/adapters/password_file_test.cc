#include "agent/adapters/password_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

TEST(PasswordFileTest, IsMadeOnceAndKept) {
  const berth::testing::TempFolder folder;
  const auto state = folder.path() / "new" / "state";
  const auto first = KeepPassword(state, SystemRandom());
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->size(), 32U);
  EXPECT_EQ(KeepPassword(state, SystemRandom()).value(), *first);
  struct stat status{};
  ASSERT_EQ(::stat(PasswordFile(state).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(PasswordFileTest, OneThatACrashCutShortIsReplaced) {
  const berth::testing::TempFolder folder;
  for (const char* text : {"", "\n", "half\n"}) {
    std::ofstream(PasswordFile(folder.path())) << text;
    ASSERT_EQ(::chmod(PasswordFile(folder.path()).c_str(), 0600), 0);
    const auto password = KeepPassword(folder.path(), SystemRandom());
    ASSERT_THAT(password, IsOk());
    EXPECT_EQ(password->size(), 32U);
    EXPECT_EQ(KeepPassword(folder.path(), SystemRandom()).value(), *password);
  }
}

TEST(PasswordFileTest, OneThatCannotBeReadIsNotReplaced) {
  const berth::testing::TempFolder folder;
  std::filesystem::create_directory(PasswordFile(folder.path()));
  EXPECT_THAT(KeepPassword(folder.path(), SystemRandom()), FailsWith(ErrorKind::kInvalid));
}

}  // namespace
}  // namespace berth::agent
