#include "http/one_browser.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

std::string Kept(std::initializer_list<const char*> values) {
  Fields fields;
  for (const char* value : values) fields.Add("cache-control", value);
  KeepToOneBrowser(fields);
  EXPECT_EQ(fields.Count("cache-control"), 1U);
  return std::string(fields.Find("cache-control").value_or(""));
}

TEST(OneBrowserTest, NoSharedCacheMayKeepIt) {
  EXPECT_EQ(Kept({}), "private");
  EXPECT_EQ(Kept({""}), "private");
  EXPECT_EQ(Kept({"private"}), "private");
  EXPECT_EQ(Kept({"public, max-age=31536000, immutable"}), "private, max-age=31536000, immutable");
  EXPECT_EQ(Kept({"PUBLIC", "S-MaxAge = 60,max-age=5"}), "private, max-age=5");
  EXPECT_EQ(Kept({"s-maxage=\"60\", must-revalidate"}), "private, must-revalidate");
  EXPECT_EQ(Kept({"no-cache"}), "private, no-cache");
}

TEST(OneBrowserTest, WhatNobodyMayKeepStaysSo) {
  EXPECT_EQ(Kept({"no-store"}), "no-store");
  EXPECT_EQ(Kept({"public, No-Store", "max-age=0"}), "No-Store, max-age=0");
}

TEST(OneBrowserTest, WhatIsSaidOfSingleFieldsIsSaidOfAll) {
  EXPECT_EQ(Kept({R"(private="set-cookie, x-a", max-age=1)"}), "private, max-age=1");
  EXPECT_EQ(Kept({R"(no-cache="x, public", x="a\", public", no-transform)"}),
            R"(private, no-cache="x, public", x="a\", public", no-transform)");
  EXPECT_EQ(Kept({R"(x="never closed, public)"}), R"(private, x="never closed, public)");
  EXPECT_EQ(Kept({R"(x="a\)"}), R"(private, x="a\)");
}

}  // namespace
}  // namespace berth::http
