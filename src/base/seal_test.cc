#include "base/seal.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::TempFolder;

struct SealTest : ::testing::Test {
  TempFolder folder;
  std::filesystem::path file = folder.path() / "seal.key";
};

TEST_F(SealTest, WhatIsSealedIsOpenedByTheSameKeyForTheSamePurpose) {
  const auto first = Sealer::Open(file, SystemRandom()).value();
  const auto sealed = first.Seal("token", "gho_secret");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(sealed.data()), sealed.size()).find("secret"),
            std::string::npos);
  const auto second = Sealer::Open(file, SystemRandom()).value();
  EXPECT_EQ(second.Unseal("token", sealed).value().Reveal(), "gho_secret");
  EXPECT_THAT(second.Unseal("key", sealed), FailsWith(ErrorKind::kInvalid));
  EXPECT_NE(first.Seal("token", "gho_secret"), sealed);
  EXPECT_EQ(second.Unseal("token", first.Seal("token", "")).value().Reveal(), "");
}

TEST_F(SealTest, EveryChangedByteAndEveryTruncationIsNoticed) {
  const auto sealer = Sealer::Open(file, SystemRandom()).value();
  const auto sealed = sealer.Seal("token", "text");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] ^= std::byte{1};
    EXPECT_THAT(sealer.Unseal("token", changed), FailsWith(ErrorKind::kInvalid)) << i;
    EXPECT_THAT(sealer.Unseal("token", std::span(sealed).first(i)), FailsWith(ErrorKind::kInvalid));
  }
}

TEST_F(SealTest, ACodeDependsOnKeyPurposeAndText) {
  const auto sealer = Sealer::Open(file, SystemRandom()).value();
  const auto again = Sealer::Open(file, SystemRandom()).value();
  const auto other = Sealer::Open(folder.path() / "other.key", SystemRandom()).value();
  EXPECT_EQ(sealer.Code("page", "s1"), again.Code("page", "s1"));
  EXPECT_NE(sealer.Code("page", "s1"), sealer.Code("page", "s2"));
  EXPECT_NE(sealer.Code("page", "s1"), sealer.Code("else", "s1"));
  EXPECT_NE(sealer.Code("page", "s1"), other.Code("page", "s1"));
}

TEST_F(SealTest, TheKeyFileIsForItsOwnerAlone) {
  ASSERT_TRUE(Sealer::Open(file, SystemRandom()));
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  EXPECT_THAT(Sealer::Open(file, SystemRandom()), FailsWith(ErrorKind::kInvalid));
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  for (const std::uintmax_t size : {33, 31}) {
    std::filesystem::resize_file(file, size);
    const auto opened = Sealer::Open(file, SystemRandom());
    ASSERT_THAT(opened, FailsWith(ErrorKind::kInvalid)) << size;
    EXPECT_THAT(opened.error().message, HasSubstr("remove it and run berth key rotate --force"));
  }
}

TEST_F(SealTest, SaysWhyTheKeyCannotBeHad) {
  EXPECT_EQ(Sealer::Open(folder.path() / "none" / "key", SystemRandom()).error().message,
            "write " + (folder.path() / "none" / "key").string() + ": No such file or directory");
  ASSERT_TRUE(Sealer::Open(file, SystemRandom()));
  EXPECT_EQ(Sealer::Open(file / "key", SystemRandom()).error().message,
            "open " + (file / "key").string() + ": Not a directory");
}

}  // namespace
}  // namespace berth
