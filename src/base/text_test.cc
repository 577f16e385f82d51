// Durations, sizes, switches and near misses.
#include "base/text.h"

#include <gmock/gmock.h>

#include "base/result_testing.h"

namespace berth {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using testing::FailsWith;

TEST(TextTest, ReadsDurations) {
  EXPECT_EQ(ParseDuration("500ms").value(), milliseconds(500));
  EXPECT_EQ(ParseDuration("10s").value(), milliseconds(10'000));
  EXPECT_EQ(ParseDuration("5m").value(), milliseconds(300'000));
  EXPECT_EQ(ParseDuration("12h").value(), milliseconds(43'200'000));
  EXPECT_EQ(ParseDuration("7d").value(), milliseconds(604'800'000));
  EXPECT_EQ(ParseDuration("1500").value(), milliseconds(1500));
  for (const char* bad : {"", "s", "-1s", "1.5s", "10 s", "10sec", "4000d", " 1s", "1s ",
                          "99999999999999999999", "0x10", "+1"}) {
    EXPECT_THAT(ParseDuration(bad), FailsWith(ErrorKind::kInvalid)) << bad;
  }
}

TEST(TextTest, LowersTheLettersOfAsciiAlone) {
  EXPECT_EQ(ToLower("AZaz@[`{09-\xc3\x84"), "azaz@[`{09-\xc3\x84");
  EXPECT_EQ(ToLower(""), "");
}

TEST(TextTest, ReadsSizes) {
  EXPECT_EQ(ParseSize("65536").value(), 65'536U);
  EXPECT_EQ(ParseSize("64KiB").value(), 65'536U);
  EXPECT_EQ(ParseSize("4MiB").value(), 4'194'304U);
  EXPECT_EQ(ParseSize("1024GiB").value(), std::uint64_t{1} << 40);
  for (const char* bad :
       {"", "KiB", "64kb", "64 KiB", "-1", "1025GiB", "18446744073709551615GiB"}) {
    EXPECT_THAT(ParseSize(bad), FailsWith(ErrorKind::kInvalid)) << bad;
  }
}

TEST(TextTest, ReadsSwitchesAndLevels) {
  EXPECT_TRUE(ParseSwitch("on").value());
  EXPECT_FALSE(ParseSwitch("off").value());
  EXPECT_THAT(ParseSwitch("On"), FailsWith(ErrorKind::kInvalid));
  EXPECT_EQ(ParseLogLevel("warn").value(), LogLevel::kWarn);
  EXPECT_THAT(ParseLogLevel("loud"), FailsWith(ErrorKind::kInvalid));
}

TEST(TextTest, SplitsLists) {
  EXPECT_THAT(SplitList("a, b,,c d ,"), ElementsAre("a", "b", "c d"));
  EXPECT_THAT(SplitList(" , "), ElementsAre());
}

TEST(TextTest, QuotesForAShellWhatNeedsIt) {
  EXPECT_EQ(ShellWord("https://hub.example.org:8787/a_b-c"), "https://hub.example.org:8787/a_b-c");
  EXPECT_EQ(ShellWord("/my files/hub.pem"), "'/my files/hub.pem'");
  EXPECT_EQ(ShellWord("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(ShellWord(""), "''");
}

TEST(TextTest, FindsWhatWasMeant) {
  const std::string_view names[] = {"listen", "public_url", "data", "tls_cert"};
  EXPECT_EQ(NearestName("lisen", names), "listen");
  EXPECT_EQ(NearestName("lsiten", names), "listen");
  EXPECT_EQ(NearestName("publicurl", names), "public_url");
  EXPECT_EQ(NearestName("completely_else", names), std::nullopt);
  EXPECT_EQ(NearestName("", names), std::nullopt);
  EXPECT_EQ(DidYouMean("dat", names), "; did you mean \"data\"?");
  EXPECT_EQ(DidYouMean("zzzzzzzz", names), "");
}

TEST(TextTest, FindsControlBytes) {
  EXPECT_FALSE(HasControl("a b \xc3\xa4"));
  EXPECT_TRUE(HasControl("a\tb") && HasControl("\n") && HasControl("\x7f"));
  EXPECT_TRUE(HasControl(std::string_view("\0", 1)));
}

TEST(TextTest, CutsBetweenCharacters) {
  EXPECT_EQ(CutUtf8("short", 5), "short");
  EXPECT_EQ(CutUtf8("longer", 4), "long");
  EXPECT_EQ(CutUtf8("\xc3\xa4\xc3\xa4", 3), "\xc3\xa4");
  EXPECT_EQ(CutUtf8("\xc3\xa4", 1), "");
}

}  // namespace
}  // namespace berth
