#include "http/shared_asset.h"

#include <gmock/gmock.h>

namespace berth::http {
namespace {

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

bool IsShared(const Pairs& fields, int status = 200) {
  ResponseHead head{.status = status, .fields = {}};
  for (const auto& [name, value] : fields) head.fields.Add(name, value);
  return IsSharedAsset(head);
}

TEST(SharedAssetTest, OnlyWhatNeverChangesAndIsForEverybodyIsKept) {
  EXPECT_TRUE(IsShared({{"cache-control", "public, max-age=31536000, immutable"}}));
  EXPECT_TRUE(IsShared({{"cache-control", "max-age=60"}, {"cache-control", "Immutable"}}));
  EXPECT_TRUE(IsShared({{"cache-control", "immutable"}, {"vary", "Accept-Encoding"}}));
  EXPECT_TRUE(IsShared({{"cache-control", "immutable"},
                        {"vary", "sec-fetch-dest, service-worker"},
                        {"vary", "accept-encoding"}}));
  EXPECT_FALSE(IsShared({}));
  EXPECT_FALSE(IsShared({{"cache-control", "public, max-age=31536000"}}));
  EXPECT_FALSE(IsShared({{"cache-control", "immutable"}}, 206));
  EXPECT_FALSE(IsShared({{"cache-control", "immutable"}}, 404));
  EXPECT_FALSE(IsShared({{"cache-control", "immutable"}, {"set-cookie", "a=b"}}));
  for (const std::string_view forbidden : {"private", "PRIVATE=\"x\"", "no-store", "no-cache"}) {
    EXPECT_FALSE(IsShared({{"cache-control", "immutable"}, {"cache-control", forbidden}}));
  }
  for (const std::string_view vary : {"*", "cookie", "accept-encoding, origin"}) {
    EXPECT_FALSE(IsShared({{"cache-control", "immutable"}, {"vary", vary}})) << vary;
  }
}

TEST(SharedAssetTest, RequestsThatAskForMoreOrLessAreNotLookedUp) {
  RequestHead head;
  head.method = "GET";
  head.target = "/assets/a-1234.js";
  head.fields.Add("cookie", "a=b");
  EXPECT_TRUE(MayAskForSharedAsset(head));
  for (const std::string_view field : {"range", "authorization"}) {
    RequestHead other = head;
    other.fields.Add(field, "x");
    EXPECT_FALSE(MayAskForSharedAsset(other));
  }
  RequestHead query = head;
  query.target = "/a?token=x";
  EXPECT_FALSE(MayAskForSharedAsset(query));
  for (const std::string_view method : {"HEAD", "POST"}) {
    RequestHead other = head;
    other.method = method;
    EXPECT_FALSE(MayAskForSharedAsset(other));
  }
}

TEST(SharedAssetTest, AHintDoesNotTellTheDigest) {
  const std::string digest = AssetDigest("bytes");
  EXPECT_EQ(digest.size(), 64U);
  EXPECT_EQ(AssetHint(digest).size(), 32U);
  EXPECT_FALSE(digest.starts_with(AssetHint(digest)));
  EXPECT_NE(AssetHint(digest), AssetHint(AssetDigest("others")));
}

}  // namespace
}  // namespace berth::http
