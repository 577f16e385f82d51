#include "http/date.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(HttpDate, ReadsWhatItWrites) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), sys_seconds(seconds(784'111'777)));
  for (sys_seconds time{}; time < sys_seconds(days(40'000)); time += days(13) + seconds(4'567)) {
    EXPECT_EQ(ParseHttpDate(FormatHttpDate(time)), time) << FormatHttpDate(time);
  }
}

TEST(HttpDate, TakesNothingElse) {
  for (const std::string_view text :
       {"", "600", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Mon, 06 Nov 1994 08:49:37 GMT",  // It was a Sunday.
        "Sun, 06 Nov 1994 08:49:37 UTC", "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Thu, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "}) {
    EXPECT_EQ(ParseHttpDate(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace berth::http
