#include "hub/asset_cache.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "http/shared_asset.h"

namespace berth::hub {
namespace {

using berth::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Says only as it passes how long it is.
class StreamedBody : public http::TextBody {
 public:
  using TextBody::TextBody;
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
};

/// Fails after its text.
class BrokenBody : public StreamedBody {
 public:
  using StreamedBody::StreamedBody;
  Task<Result<http::MutableBytes>> Read() override {
    if (std::exchange(is_read_, true)) co_return Unavailable("broken off");
    co_return co_await StreamedBody::Read();
  }

 private:
  bool is_read_ = false;
};

class AssetCacheTest : public ::testing::Test {
 protected:
  AssetCacheTest() {
    limits_.asset_cache = 80'000;
    limits_.asset_cache_entry = 16'000;
  }

  std::vector<std::string> Kept(std::int64_t owner, std::string_view target) {
    std::vector<std::string> texts;
    for (const auto& asset : cache_.Find(owner, target)) texts.push_back(asset->bytes);
    return texts;
  }
  /// How many of the targets "/0", "/1", … have something.
  std::size_t CountKept(std::int64_t owner, int targets) {
    std::size_t kept = 0;
    for (int i = 0; i < targets; ++i) kept += cache_.Find(owner, fmt::format("/{}", i)).size();
    return kept;
  }
  Result<std::string> ReadAll(http::BodyPtr body) {
    return executor_.Await(http::ReadAll(body.get(), 1 << 20));
  }
  http::BodyPtr Text(std::string text) { return std::make_unique<http::TextBody>(std::move(text)); }

  berth::testing::TestExecutor executor_;
  Limits limits_;
  AssetCache cache_{limits_};
};

TEST_F(AssetCacheTest, ABodyThatPassesIsKeptForItsOwnerAndTarget) {
  EXPECT_EQ(*ReadAll(cache_.Watch(1, "/a", Text("bytes"))), "bytes");
  const auto kept = cache_.Find(1, "/a");
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0]->digest, http::AssetDigest("bytes"));
  EXPECT_EQ(kept[0]->hint, http::AssetHint(kept[0]->digest));
  auto body = AssetCache::BodyOf(kept[0]);
  EXPECT_EQ(body->length(), 5U);
  EXPECT_EQ(*ReadAll(std::move(body)), "bytes");
  EXPECT_THAT(Kept(2, "/a"), IsEmpty());
  EXPECT_THAT(Kept(1, "/b"), IsEmpty());
}

TEST_F(AssetCacheTest, ABodyOfKnownLengthIsKeptOnceAllOfItPassed) {
  auto body = cache_.Watch(1, "/a", Text("bytes"));
  EXPECT_THAT(executor_.Await(body->Read()), IsOk());
  EXPECT_THAT(Kept(1, "/a"), ElementsAre("bytes"));
  EXPECT_THAT(executor_.Await(body->Read()), IsOk());
  body = nullptr;
  EXPECT_THAT(Kept(1, "/a"), ElementsAre("bytes"));
}

TEST_F(AssetCacheTest, WhatDoesNotEndAsItShouldIsNotKept) {
  EXPECT_FALSE(ReadAll(cache_.Watch(1, "/a", std::make_unique<BrokenBody>("begun"))));
  auto left = cache_.Watch(1, "/a", std::make_unique<StreamedBody>("begun"));
  EXPECT_THAT(executor_.Await(left->Read()), IsOk());
  left = nullptr;
  EXPECT_THAT(ReadAll(cache_.Watch(1, "/a", Text(""))), IsOk());
  EXPECT_THAT(ReadAll(cache_.Watch(1, "/a", Text(std::string(16'001, 'x')))), IsOk());
  EXPECT_THAT(Kept(1, "/a"), IsEmpty());
  EXPECT_EQ(cache_.bytes(), 0U);
}

TEST_F(AssetCacheTest, ATargetHasTheNewestFewAndEachOnce) {
  for (const char* text : {"1", "2", "2", "3", "4", "5", "5"}) cache_.Put(1, "/a", text);
  EXPECT_THAT(Kept(1, "/a"), ElementsAre("5", "4", "3", "2"));
}

TEST_F(AssetCacheTest, WhatWasUsedLeastRecentlyGoesFirst) {
  const std::string large(8'000, 'x');
  cache_.Put(1, "/a", large + "a");
  cache_.Put(1, "/b", large + "b");
  EXPECT_EQ(Kept(1, "/a").size(), 1U);
  cache_.Put(1, "/c", large + "c");  // A quarter of the budget holds two.
  EXPECT_EQ(Kept(1, "/a").size(), 1U);
  EXPECT_THAT(Kept(1, "/b"), IsEmpty());
  EXPECT_EQ(Kept(1, "/c").size(), 1U);
}

TEST_F(AssetCacheTest, MemoryIsBoundedForOneOwnerAndForAll) {
  for (int owner = 1; owner <= 9; ++owner) {
    for (int i = 0; i < 30; ++i) {
      cache_.Put(owner, "/" + std::to_string(i), std::string(3'000, 'x') + std::to_string(i));
      EXPECT_LE(cache_.bytes_of(owner), limits_.asset_cache / 4);
      EXPECT_LE(cache_.bytes(), limits_.asset_cache);
    }
  }
  EXPECT_GT(cache_.bytes(), limits_.asset_cache / 2);
  EXPECT_EQ(cache_.bytes_of(1), 0U);
  EXPECT_GT(cache_.bytes_of(9), 0U);
}

TEST_F(AssetCacheTest, WhereAllIsFullWhatAnybodyUsedLeastRecentlyGoes) {
  for (int i = 0; i < 19; ++i) cache_.Put(1 + i % 5, fmt::format("/{}", i / 5), "small");
  EXPECT_EQ(Kept(1, "/0").size(), 1U);
  cache_.Put(5, "/3", "small");
  EXPECT_EQ(Kept(1, "/0").size(), 1U);
  EXPECT_THAT(Kept(2, "/0"), IsEmpty());
  cache_.Put(5, "/4", "small");  // Its owner has no more room: one of its own goes.
  EXPECT_THAT(Kept(5, "/0"), IsEmpty());
  EXPECT_EQ(CountKept(1, 4) + CountKept(2, 4) + CountKept(3, 4) + CountKept(4, 4), 15U);
}

TEST_F(AssetCacheTest, HoweverSmallBodiesAreALargeOneDisplacesFew) {
  limits_.asset_cache = 4 << 20;
  limits_.asset_cache_entry = 512 << 10;
  constexpr int kMany = 300;
  for (int i = 0; i < kMany; ++i) {
    for (int owner = 1; owner <= 4; ++owner) cache_.Put(owner, fmt::format("/{}", i), "x");
  }
  for (int owner = 1; owner <= 4; ++owner) EXPECT_EQ(CountKept(owner, kMany), 256U);
  const std::string large(500 << 10, 'x');
  cache_.Put(3, "/large", large);
  EXPECT_EQ(CountKept(3, kMany), 130U);
  cache_.Put(5, "/large", large);
  EXPECT_EQ(CountKept(1, kMany), 131U);  // Nobody's were used less recently.
  for (int owner : {2, 4}) EXPECT_EQ(CountKept(owner, kMany), 256U);
  EXPECT_EQ(CountKept(3, kMany), 130U);
}

TEST_F(AssetCacheTest, LongTargetsTakeTheirRoomToo) {
  const std::string target(12'000, 'x');
  for (int i = 0; i < 30; ++i) cache_.Put(1, fmt::format("/{}{}", target, i), "small");
  EXPECT_GT(cache_.bytes_of(1), target.size());
  EXPECT_LE(cache_.bytes_of(1), limits_.asset_cache / 4);
  int kept = 0;
  for (int i = 0; i < 30; ++i)
    kept += static_cast<int>(Kept(1, fmt::format("/{}{}", target, i)).size());
  EXPECT_EQ(kept, 1);
  cache_.Put(1, std::string(20'000, 'x'), "small");
  EXPECT_THAT(Kept(1, std::string(20'000, 'x')), IsEmpty());
}

TEST_F(AssetCacheTest, WhatIsServedStaysWhileItIsServed) {
  cache_.Put(1, "/a", "bytes");
  auto body = AssetCache::BodyOf(cache_.Find(1, "/a")[0]);
  for (int i = 0; i < 100; ++i) cache_.Put(1, "/b" + std::to_string(i), std::string(5'000, 'x'));
  EXPECT_THAT(Kept(1, "/a"), IsEmpty());
  EXPECT_EQ(*ReadAll(std::move(body)), "bytes");
}

TEST_F(AssetCacheTest, WithoutABudgetNothingIsKept) {
  limits_.asset_cache = 0;
  EXPECT_EQ(*ReadAll(cache_.Watch(1, "/a", Text("bytes"))), "bytes");
  EXPECT_THAT(Kept(1, "/a"), IsEmpty());
}

TEST_F(AssetCacheTest, BodiesThatAreWatchedAtOnceAreBoundedForOneOwnerAndForAll) {
  const auto is_watched = [this](std::int64_t owner, std::vector<http::BodyPtr>& held) {
    auto body = Text("a");
    http::Body* const itself = body.get();
    held.push_back(cache_.Watch(owner, "/a", std::move(body)));
    return held.back().get() != itself;
  };
  std::vector<http::BodyPtr> of_first;
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(is_watched(1, of_first));
  EXPECT_FALSE(is_watched(1, of_first));
  EXPECT_EQ(*ReadAll(cache_.Watch(2, "/b", Text("b"))), "b");
  EXPECT_THAT(Kept(2, "/b"), ElementsAre("b"));

  std::vector<http::BodyPtr> of_others;
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(is_watched(2 + i / 2, of_others));
    if (i % 2 == 1) EXPECT_FALSE(is_watched(2 + i / 2, of_others));
  }
  EXPECT_FALSE(is_watched(9, of_others));
  of_first.clear();
  EXPECT_TRUE(is_watched(9, of_others));
  EXPECT_EQ(*ReadAll(cache_.Watch(1, "/c", Text("c"))), "c");
  EXPECT_THAT(Kept(1, "/c"), ElementsAre("c"));
}

TEST_F(AssetCacheTest, ABodyThatWillNotBeKeptLeavesItsPlaceToAnother) {
  std::vector<http::BodyPtr> bodies;
  for (int i = 0; i < 4; ++i) {
    auto body = std::make_unique<StreamedBody>(std::string(17'000, 'x'));
    bodies.push_back(cache_.Watch(1, "/large", std::move(body)));
  }
  EXPECT_THAT(executor_.Await(bodies[0]->Read()), IsOk());
  EXPECT_EQ(*ReadAll(cache_.Watch(1, "/a", Text("a"))), "a");
  EXPECT_EQ(Kept(1, "/a").size(), 1U);
}

}  // namespace
}  // namespace berth::hub
