#include "terminal/known_hubs.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/private_file.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"

namespace berth::terminal {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::berth::testing::TempFolder;
using ::testing::HasSubstr;
using ::testing::Not;

std::string TokenOf(char digit) { return "bt_0123456789abcdef_" + std::string(64, digit); }

struct KnownHubsTest : ::testing::Test {
  TempFolder folder;
  std::filesystem::path file = folder.path() / "berth" / "hubs.toml";
};

TEST_F(KnownHubsTest, NoFileIsNoHub) {
  auto hubs = ReadKnownHubs(file);
  ASSERT_THAT(hubs, IsOk());
  EXPECT_TRUE(hubs->tokens.empty());
}

TEST_F(KnownHubsTest, AreKeptForTheirOwnerAlone) {
  KnownHubs hubs{.current = "https://b.example.org:8443/x"};
  hubs.tokens["https://a.example.org"] = Secret(TokenOf('a'));
  hubs.tokens["https://b.example.org:8443/x"] = Secret(TokenOf('b'));
  ASSERT_THAT(WriteKnownHubs(file, hubs), IsOk());
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
  auto again = ReadKnownHubs(file);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->current, hubs.current);
  EXPECT_EQ(again->tokens.at("https://a.example.org").Reveal(), TokenOf('a'));
  EXPECT_EQ(again->tokens.at(hubs.current).Reveal(), TokenOf('b'));

  std::filesystem::permissions(file, std::filesystem::perms(0644));
  EXPECT_THAT(ReadKnownHubs(file), FailsWith(ErrorKind::kForbidden));
}

TEST_F(KnownHubsTest, ABrokenFileIsNotQuoted) {
  const std::string token = TokenOf('c');
  for (const std::string& text : {"[\"https://a\"]\ntoken = " + token, "token = \"" + token + '"',
                                  "[\"https://a\"]\nkey = \"" + token + '"'}) {
    ASSERT_THAT(WritePrivateFile(file, text), IsOk());
    auto hubs = ReadKnownHubs(file);
    ASSERT_THAT(hubs, FailsWith(ErrorKind::kInvalid));
    EXPECT_THAT(hubs.error().message, Not(HasSubstr("cccc")));
    EXPECT_THAT(hubs.error().message, HasSubstr("berth login"));
  }
}

TEST(ApiTokenText, IsCheckedBeforeItGoesAnywhere) {
  EXPECT_THAT(ReadApiToken(" " + TokenOf('0') + "\r\n"), IsOk());
  for (const std::string& text :
       {std::string(), std::string("ao_0123456789abcdef_") + std::string(64, '0'),
        std::string("password"), TokenOf('0') + "0", TokenOf('G'), TokenOf('0') + "\nx"}) {
    EXPECT_THAT(ReadApiToken(text), FailsWith(ErrorKind::kInvalid)) << text;
  }
}

}  // namespace
}  // namespace berth::terminal
