#include "hub/notification.h"

#include <gmock/gmock.h>

#include "base/result_testing.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;

WallTime At(std::string_view text) { return ParseIso8601(text).value(); }

std::string Told(std::string_view hours, std::string_view offset, std::string_view now) {
  return FormatIso8601(EndOfQuiet(ParseQuietHours(hours, offset).value(), At(now)));
}

TEST(QuietHoursTest, DelayToTheirEnd) {
  EXPECT_EQ(Told("13:00-14:30", "+00:00", "2026-03-01T13:00:00.000Z"), "2026-03-01T14:30:00.000Z");
  EXPECT_EQ(Told("13:00-14:30", "+00:00", "2026-03-01T14:29:59.999Z"), "2026-03-01T14:30:00.000Z");
  EXPECT_EQ(Told("13:00-14:30", "+00:00", "2026-03-01T14:30:00.000Z"), "2026-03-01T14:30:00.000Z");
  EXPECT_EQ(Told("13:00-14:30", "+00:00", "2026-03-01T12:59:59.999Z"), "2026-03-01T12:59:59.999Z");
}

TEST(QuietHoursTest, GoOverMidnight) {
  EXPECT_EQ(Told("22:00-07:00", "+00:00", "2026-03-01T23:15:30.000Z"), "2026-03-02T07:00:00.000Z");
  EXPECT_EQ(Told("22:00-07:00", "+00:00", "2026-03-02T00:00:00.000Z"), "2026-03-02T07:00:00.000Z");
  EXPECT_EQ(Told("22:00-07:00", "+00:00", "2026-03-02T06:59:00.000Z"), "2026-03-02T07:00:00.000Z");
  EXPECT_EQ(Told("22:00-07:00", "+00:00", "2026-03-02T12:00:00.000Z"), "2026-03-02T12:00:00.000Z");
}

TEST(QuietHoursTest, AreThoseOfTheUsersClock) {
  // 23:30 at +05:30 is 18:00 UTC.
  EXPECT_EQ(Told("22:00-07:00", "+05:30", "2026-03-01T18:00:00.000Z"), "2026-03-02T01:30:00.000Z");
  EXPECT_EQ(Told("22:00-07:00", "-08:00", "2026-03-01T18:00:00.000Z"), "2026-03-01T18:00:00.000Z");
  EXPECT_EQ(Told("22:00-07:00", "-08:00", "2026-03-01T06:00:00.000Z"), "2026-03-01T15:00:00.000Z");
  EXPECT_EQ(EndOfQuiet(std::nullopt, At("2026-03-01T06:00:00.000Z")),
            At("2026-03-01T06:00:00.000Z"));
}

TEST(QuietHoursTest, AreReadStrictlyAndWrittenBack) {
  const auto quiet = ParseQuietHours("22:05-07:00", "-03:30").value();
  EXPECT_EQ(HoursText(quiet), "22:05-07:00");
  EXPECT_EQ(OffsetText(quiet), "-03:30");
  EXPECT_EQ(OffsetText(ParseQuietHours("22:05-07:00", "").value()), "+00:00");
  for (const auto* text : {"", "22:00", "22:00-", "22:00-7:00", "24:00-07:00", "22:60-07:00",
                           "22:00-22:00", "22:00-07:00 ", "-1:00-07:00", "22:00/07:00"}) {
    EXPECT_THAT(ParseQuietHours(text, ""), FailsWith(ErrorKind::kInvalid)) << text;
  }
  for (const auto* text : {"02:00", "+2:00", "+15:00", "+02:60", "UTC", "+", "+02:000"}) {
    EXPECT_THAT(ParseQuietHours("22:00-07:00", text), FailsWith(ErrorKind::kInvalid)) << text;
  }
}

TEST(NotificationTest, ComesBackFromItsJson) {
  Notification one;
  one.event = "needs_you";
  one.title = "laptop needs you";
  one.body = "a \"quoted\"\nline";
  one.url = "https://hub.example/open?client=laptop";
  one.tag = "laptop/s1";
  one.client_id = "laptop";
  one.session_id = "s1";
  one.at = At("2026-03-01T06:00:00.123Z");
  EXPECT_EQ(ParseNotification(ToJson(one)).value(), one);
  EXPECT_EQ(ToJson(one).find("question"), std::string::npos);
  one.question_id = "q1";
  one.question_kind = "permission";
  one.question_tool = "Bash";
  EXPECT_EQ(ParseNotification(ToJson(one)).value(), one);
  for (const auto* text : {"", "{}", "[]", "{\"event\":\"x\"}", "{\"event\":1}"}) {
    EXPECT_THAT(ParseNotification(text), FailsWith(ErrorKind::kInvalid)) << text;
  }
}

TEST(NotificationTest, TextIsCutBetweenCharacters) {
  EXPECT_EQ(CutText("short", 5), "short");
  EXPECT_EQ(CutText("a bit longer", 8), "a bit…");
  EXPECT_EQ(CutText("ääää", 7), "ää…");
  EXPECT_EQ(CutText("ääää", 6), "ä…");
  EXPECT_EQ(CutText("tab\tbell\x07\nline", 50), "tab bell \nline");
}

TEST(NotificationTest, LinksLeadThroughTheHub) {
  EXPECT_EQ(DeepLink("https://hub.example", "laptop", ""),
            "https://hub.example/open?client=laptop");
  EXPECT_EQ(DeepLink("https://hub.example", "laptop", "s1"),
            "https://hub.example/open?client=laptop&next=/session/s1");
  EXPECT_EQ(DeepLink("https://hub.example", "laptop", "../x&y"),
            "https://hub.example/open?client=laptop&next=/session/..%252Fx%2526y");
}

}  // namespace
}  // namespace berth::hub
