#include "base/log_thinning.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

using namespace std::chrono_literals;

TEST(LogThinningTest, SaysTheFirstWhatIsNewAndTheSameOnceAWhile) {
  LogThinning thinning(10min);
  TimePoint now{1h};
  int lines = 0;
  for (Duration passed = 0s; passed < 1h; passed += 1500ms) {
    lines += thinning.IsWorthALine("refused", now + passed) ? 1 : 0;
  }
  EXPECT_EQ(lines, 6);
  now += 1h;
  EXPECT_TRUE(thinning.IsWorthALine("no route", now));
  EXPECT_FALSE(thinning.IsWorthALine("no route", now + 1s));
  EXPECT_TRUE(thinning.IsWorthALine("refused", now + 2s));
  thinning.Reset();
  EXPECT_TRUE(thinning.IsWorthALine("refused", now + 3s));
}

}  // namespace
}  // namespace berth
