// Configuration files: what they say, and the complaints with file and line.
#include "base/config.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using testing::IsOk;
using ::testing::StartsWith;

TEST(ConfigTest, ReadsEveryKindOfValueWithItsLine) {
  const auto file = ParseConfig(
      "# a comment\n"
      "listen = \"[::]:80\"\n"
      "path_mode = false\n"
      "label = [\"a=b\", 'c=d']\n"
      "[limits]\n"
      "connections = 5\n",
      "berth.toml");
  ASSERT_THAT(file, IsOk());
  ASSERT_EQ(file->entries.size(), 4U);
  EXPECT_EQ(file->entries[0].key, "listen");
  EXPECT_THAT(file->entries[0].values, ElementsAre("[::]:80"));
  EXPECT_EQ(file->PlaceOf(file->entries[0]), "berth.toml:2");
  EXPECT_THAT(file->entries[1].values, ElementsAre("off"));
  EXPECT_TRUE(file->entries[2].is_list);
  EXPECT_THAT(file->entries[2].values, ElementsAre("a=b", "c=d"));
  EXPECT_EQ(file->entries[3].section, "limits");
  EXPECT_THAT(file->entries[3].values, ElementsAre("5"));
}

TEST(ConfigTest, SaysWhereAFileIsBroken) {
  struct {
    const char* text;
    const char* message;
  } const cases[] = {
      {"a = 1\nb = \n", "f:2: "},
      {"a = 1\na = 2\n", "f:2: "},
      {"\n\na = 1.5\n", "f:3: a: expected text"},
      {"a = [1, [2]]\n", "f:1: a: a list may hold"},
      {"[x.y]\nz = 1\n", "f:1: y: expected"},
      {"a = 1\n[\xC3\xA9]\n", "f:2: "},
      {"[\t=]\n", "f:1: "},
  };
  for (const auto& [text, message] : cases) {
    const auto file = ParseConfig(text, "f");
    ASSERT_THAT(file, FailsWith(ErrorKind::kInvalid)) << text;
    EXPECT_THAT(file.error().message, StartsWith(message));
  }
}

TEST(ConfigTest, TakesLimitsOver) {
  Limits limits;
  const auto file = ParseConfig(
      "[limits]\nping_after = \"2m\"\nhead_timeout = 250\nrequest_head = \"8KiB\"\nconnections = 7",
      "f");
  ASSERT_THAT(ApplyLimits(file.value(), limits), IsOk());
  EXPECT_EQ(limits.ping_after, std::chrono::minutes(2));
  EXPECT_EQ(limits.head_timeout, std::chrono::milliseconds(250));
  EXPECT_EQ(limits.request_head, 8192U);
  EXPECT_EQ(limits.connections, 7U);
  EXPECT_EQ(limits.ping_answer, Limits().ping_answer);
}

TEST(ConfigTest, EveryRowOfTheTableCanBeSet) {
  Limits limits;
  std::string text = "[limits]\n";
  for (const auto& row : LimitTable()) text += std::string(row.name) + " = 42\n";
  ASSERT_THAT(ApplyLimits(ParseConfig(text, "f").value(), limits), IsOk());
  for (const auto& row : LimitTable()) {
    if (row.is_duration) {
      EXPECT_EQ((limits.*row.duration).count(), 42) << row.name;
    } else {
      EXPECT_EQ(limits.*row.size, 42U) << row.name;
    }
  }
}

TEST(ConfigTest, WhatMayBeNothingMayBeZero) {
  Limits limits;
  const auto file = ParseConfig("[limits]\nasset_cache = 0", "f");
  EXPECT_THAT(ApplyLimits(file.value(), limits), IsOk());
  EXPECT_EQ(limits.asset_cache, 0U);
}

TEST(ConfigTest, RefusesWrongLimits) {
  struct {
    const char* line;
    const char* message;
  } const cases[] = {
      {"ping_aftr = 1", "f:2: unknown limit \"ping_aftr\"; did you mean \"ping_after\"?"},
      {"ping_after = \"soon\"", "f:2: ping_after: \"soon\" is no duration"},
      {"ping_after = \"64KiB\"", "f:2: ping_after: "},
      {"connections = -1", "f:2: connections: \"-1\" is no size"},
      {"connections = 0", "f:2: connections: must be more than zero"},
      {"busy_poll_us = 1001", "f:2: busy_poll_us: must be 1000 at most"},
      {"busy_poll_us = \"4GiB\"", "f:2: busy_poll_us: must be 1000 at most"},
      {"connections = [1]", "f:2: connections: expected one value"},
  };
  for (const auto& [line, message] : cases) {
    Limits limits;
    const auto done =
        ApplyLimits(ParseConfig(std::string("[limits]\n") + line, "f").value(), limits);
    ASSERT_THAT(done, FailsWith(ErrorKind::kInvalid)) << line;
    EXPECT_THAT(done.error().message, StartsWith(message));
  }
}

TEST(ConfigTest, ReadsFilesOfAReasonableSize) {
  const testing::TempFolder folder;
  std::ofstream(folder.path() / "good") << "a = 1\n";
  std::ofstream(folder.path() / "big") << std::string(2'000'000, '#');
  EXPECT_THAT(ReadConfigFile(folder.path() / "good"), IsOk());
  EXPECT_THAT(ReadConfigFile(folder.path() / "big"), FailsWith(ErrorKind::kTooLarge));
  EXPECT_THAT(ReadConfigFile(folder.path() / "none"), FailsWith(ErrorKind::kNotFound));
  EXPECT_THAT(ReadConfigFile(folder.path()), FailsWith(ErrorKind::kInvalid));
}

}  // namespace
}  // namespace berth
