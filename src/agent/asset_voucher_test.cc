#include "agent/asset_voucher.h"

#include <gmock/gmock.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "control/stream_fields.h"
#include "http/shared_asset.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

/// Of unknown length, in pieces of three bytes; then its end, or an error.
class PiecesBody : public http::Body {
 public:
  PiecesBody(std::string text, bool is_broken) : text_(std::move(text)), is_broken_(is_broken) {}
  Task<Result<http::MutableBytes>> Read() override {
    if (at_ >= text_.size() && is_broken_) co_return Unavailable("broken off");
    const std::size_t size = std::min<std::size_t>(3, text_.size() - at_);
    at_ += size;
    co_return std::as_writable_bytes(std::span(text_).subspan(at_ - size, size));
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
  bool is_broken_;
};

class AssetVoucherTest : public ::testing::Test {
 protected:
  Result<http::Response> Vouch(std::string hints, std::string text, bool is_broken = false) {
    http::Response response;
    response.head.fields.Add("content-length", std::to_string(text.size()));
    response.body = std::make_unique<PiecesBody>(std::move(text), is_broken);
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
    EXPECT_EQ(response->head.fields.Find(control::kDigestField), http::AssetDigest("the bytes"));
    EXPECT_FALSE(response->head.fields.Has("content-length"));
  }
}

TEST_F(AssetVoucherTest, EverythingElseIsSentWhole) {
  limits_.asset_cache_entry = 20;
  const std::string large(100, 'x');
  for (const std::string& text : {std::string("the bytes"), std::string(), large}) {
    auto response = Vouch(text == large ? HintOf(large) : HintOf("others"), text);
    ASSERT_THAT(response, IsOk());
    EXPECT_FALSE(response->head.fields.Has(control::kDigestField));
    EXPECT_EQ(*executor_.Await(http::ReadAll(response->body.get(), 1000)), text);
  }
}

TEST_F(AssetVoucherTest, ABodyThatBreaksOffIsAnError) {
  EXPECT_THAT(Vouch(HintOf("the bytes"), "the bytes", true), FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::agent
