#include "agent/asset_voucher.h"

#include <gmock/gmock.h>

#include "base/event.h"
#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "http/body_testing.h"
#include "http/shared_asset.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

/// Is empty, which it says once it may.
class WaitingBody : public http::Body {
 public:
  explicit WaitingBody(Event& go_on) : go_on_(go_on) {}
  Task<Result<http::MutableBytes>> Read() override {
    co_await go_on_.Wait();
    co_return http::MutableBytes();
  }

 private:
  Event& go_on_;
};

class AssetVoucherTest : public ::testing::Test {
 protected:
  Result<http::Response> Vouch(std::string hints, std::string text,
                               std::optional<Error> error = std::nullopt) {
    http::Response response;
    response.head.fields.Add("content-length", std::to_string(text.size()));
    response.body =
        std::make_unique<http::testing::PieceBody>(http::testing::Cut(text, 3), std::move(error));
    return executor_.Await(voucher_.Vouch(std::move(hints), std::move(response)));
  }
  static std::string HintOf(std::string_view text) {
    return http::AssetHint(http::AssetDigest(text));
  }

  berth::testing::TestExecutor executor_;
  Limits limits_;
  AssetVoucher voucher_{limits_};
};

TEST_F(AssetVoucherTest, WhatTheHubHoldsIsNotSent) {
  for (const std::string& hints : {HintOf("the bytes"), HintOf("x") + ", " + HintOf("the bytes")}) {
    auto response = Vouch(hints, "the bytes");
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->body, nullptr);
    EXPECT_EQ(response->head.fields.Find(http::kDigestField), http::AssetDigest("the bytes"));
    EXPECT_FALSE(response->head.fields.Has("content-length"));
  }
}

TEST_F(AssetVoucherTest, EverythingElseIsSentWhole) {
  limits_.asset_cache_entry = 20;
  const std::string large(100, 'x');
  for (const std::string& text : {std::string("the bytes"), std::string(), large}) {
    auto response = Vouch(text == large ? HintOf(large) : HintOf("others"), text);
    ASSERT_THAT(response, IsOk());
    EXPECT_FALSE(response->head.fields.Has(http::kDigestField));
    EXPECT_EQ(*executor_.Await(http::ReadAll(response->body.get(), 1000)), text);
  }
}

TEST_F(AssetVoucherTest, NotAllAreReadAtOnce) {
  Event go_on(executor_);
  std::vector<Task<Result<http::Response>>> vouching;
  for (int i = 0; i < 17; ++i) {
    http::Response response;
    response.body = std::make_unique<WaitingBody>(go_on);
    vouching.push_back(voucher_.Vouch(HintOf("x"), std::move(response)));
    vouching.back().Start();
  }
  executor_.RunUntilIdle();
  EXPECT_FALSE(vouching[15].is_done());
  EXPECT_TRUE(vouching[16].is_done()) << "it passes unread";
  go_on.Set();
  executor_.RunUntilIdle();
  EXPECT_TRUE(vouching[0].is_done());
}

TEST_F(AssetVoucherTest, ABodyThatBreaksOffIsAnError) {
  EXPECT_THAT(Vouch(HintOf("the bytes"), "the bytes", Unavailable("broken off")),
              FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::agent
