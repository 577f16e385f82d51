#include "hub/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/executor_testing.h"
#include "hub/assets.h"

namespace berth::hub {
namespace {

using ::testing::Optional;
using ::testing::StartsWith;

/// A GET of that path by somebody who takes `encodings`.
http::RequestHead Get(std::string_view path, std::string_view encodings = "") {
  http::RequestHead head;
  head.method = "GET";
  head.target = path;
  if (!encodings.empty()) head.fields.Add("accept-encoding", encodings);
  return head;
}

/// The embedded asset whose name begins so.
const Asset& Named(std::string_view name) {
  const std::string prefix = "/.berth/assets/" + std::string(name);
  const auto all = Assets();
  const auto found =
      std::ranges::find_if(all, [&](const Asset& one) { return one.path.starts_with(prefix); });
  EXPECT_NE(found, all.end()) << name;
  return *found;
}

TEST(Pages, ScriptsComeCompressedToWhoeverTakesIt) {
  const Asset& script = Named("dashboard-");
  EXPECT_LT(script.gzip.size(), script.body.size() / 2);
  const auto small = PageAt(Get(script.path, "gzip, deflate, br"));
  ASSERT_TRUE(small);
  EXPECT_THAT(small->head.fields.Find("content-encoding"), Optional(std::string_view("gzip")));
  EXPECT_THAT(small->head.fields.Find("vary"), Optional(std::string_view("accept-encoding")));
  EXPECT_THAT(small->head.fields.Find("cache-control"),
              Optional(std::string_view("public, max-age=31536000, immutable")));
  EXPECT_EQ(small->body->length(), script.gzip.size());
  for (const char* refusal : {"", "identity", "gzip;q=0", "br"}) {
    const auto plain = PageAt(Get(script.path, refusal));
    ASSERT_TRUE(plain) << refusal;
    EXPECT_FALSE(plain->head.fields.Has("content-encoding")) << refusal;
    EXPECT_THAT(plain->head.fields.Find("vary"), Optional(std::string_view("accept-encoding")));
    EXPECT_EQ(plain->body->length(), script.body.size()) << refusal;
    EXPECT_NE(plain->head.fields.Find("etag"), small->head.fields.Find("etag"));
  }
}

TEST(Pages, AScriptThatNobodyReadsIsNotCopied) {
  const Asset& script = Named("dashboard-");
  berth::testing::TestExecutor executor;
  auto page = PageAt(Get(script.path));
  ASSERT_TRUE(page);
  const auto piece = executor.Await(page->body->Read());
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->size(), http::SharedBody::kSmallPiece);
  const auto rest = executor.Await(http::ReadAll(page->body.get(), 1 << 20));
  EXPECT_TRUE(rest == script.body.substr(http::SharedBody::kSmallPiece));
}

TEST(Pages, ATagCountsForItsOwnEncodingOnly) {
  const Asset& script = Named("dashboard-");
  auto asked = Get(script.path, "gzip");
  asked.fields.Add("if-none-match", script.gzip_etag);
  EXPECT_EQ(PageAt(asked)->head.status, 304);
  asked.fields.Set("if-none-match", script.etag);
  EXPECT_EQ(PageAt(asked)->head.status, 200);
}

TEST(Pages, ImagesStayAsTheyAre) {
  const Asset& icon = Named("icon-512-");
  const auto page = PageAt(Get(icon.path, "gzip"));
  ASSERT_TRUE(page);
  EXPECT_FALSE(page->head.fields.Has("content-encoding"));
  EXPECT_FALSE(page->head.fields.Has("vary"));
  EXPECT_THAT(page->head.fields.Find("content-type"), Optional(StartsWith("image/png")));
}

}  // namespace
}  // namespace berth::hub
