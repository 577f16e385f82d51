#include "hub/notify_message.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/result_testing.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using store::NotifyKind;

struct NotifyMessageTest : ::testing::Test {
  RandomSource random = SystemRandom();
  P256PrivateKey key = P256PrivateKey::Generate(random);
  PushIdentity identity{.key = key, .subject = "https://hub.example"};
  WallTime now = FromUnixMs(1'700'000'000'500);
  Notification notification = [] {
    Notification one;
    one.event = "failed";
    one.title = "laptop failed";
    one.body = "a < b & c";
    one.url = "https://hub.example/open?client=laptop";
    return one;
  }();

  Result<http::WebQuestion> Ask(NotifyKind kind, const NotifyConfig& config) {
    return NotifyQuestion(kind, config, notification, "key-1", identity, now, random);
  }
};

TEST_F(NotifyMessageTest, AWebhookIsSignedOverTimeAndBody) {
  const auto question =
      Ask(NotifyKind::kWebhook, {.url = "https://example.com/h", .secret = "0123456789abcdef"});
  ASSERT_THAT(question, IsOk());
  EXPECT_EQ(question->method, "POST");
  EXPECT_EQ(question->url, "https://example.com/h");
  EXPECT_EQ(question->fields.Find("x-berth-timestamp"), "1700000000");
  EXPECT_EQ(question->fields.Find("idempotency-key"), "key-1");
  const std::string secret = "0123456789abcdef";
  const std::string text = "1700000000." + question->body;
  EXPECT_EQ(question->fields.Find("x-berth-signature"),
            "sha256=" + HexEncode(HmacSha256(std::as_bytes(std::span(secret)),
                                             std::as_bytes(std::span(text)))));
  EXPECT_EQ(boost::json::parse(question->body).at("id"), "key-1");
}

TEST_F(NotifyMessageTest, NtfyIsPublishedToItsTopic) {
  const auto question = Ask(NotifyKind::kNtfy, {.url = "https://ntfy.example/sub/my-topic"});
  ASSERT_THAT(question, IsOk());
  EXPECT_EQ(question->url, "https://ntfy.example/sub/");
  EXPECT_EQ(boost::json::parse(question->body).at("topic"), "my-topic");
  EXPECT_EQ(question->fields.Find("authorization"), std::nullopt);
}

TEST_F(NotifyMessageTest, SlackTextHoldsNoMarkupOfOthers) {
  const auto question = Ask(NotifyKind::kSlack, {.url = "https://hooks.example/x"});
  ASSERT_THAT(question, IsOk());
  EXPECT_EQ(boost::json::parse(question->body).at("text"),
            "laptop failed\na &lt; b &amp; c\n<https://hub.example/open?client=laptop|Open>");
}

TEST_F(NotifyMessageTest, SettingsAreSealedForTheirTarget) {
  const Sealer sealer(RandomBytes<32>(random), random);
  store::NotifyTargetRow row;
  row.id = "t1";
  row.sealed_config =
      SealNotifyConfig(sealer, row.id, {.url = "https://example.com/h", .secret = "s3cret"});
  EXPECT_EQ(OpenNotifyConfig(sealer, row)->secret, "s3cret");
  row.id = "t2";
  EXPECT_THAT(OpenNotifyConfig(sealer, row), FailsWith(ErrorKind::kInvalid));
}

TEST_F(NotifyMessageTest, KeysAreTheSameForTheSameEventAlone) {
  const std::string one = IdempotencyKey("t1", "laptop needs_you s1 q1");
  EXPECT_EQ(one.size(), 32U);
  EXPECT_EQ(one, IdempotencyKey("t1", "laptop needs_you s1 q1"));
  EXPECT_NE(one, IdempotencyKey("t2", "laptop needs_you s1 q1"));
  EXPECT_NE(one, IdempotencyKey("t1", "laptop needs_you s1 q2"));
}

TEST_F(NotifyMessageTest, WhatCannotBeSpokenToIsRefused) {
  const auto refused = FailsWith(ErrorKind::kInvalid);
  const std::string secret(16, 's');
  EXPECT_THAT(CheckNotifyConfig(NotifyKind::kSlack, {.url = "http://example.com/"}), refused);
  EXPECT_THAT(CheckNotifyConfig(NotifyKind::kSlack, {.url = "ftp://example.com/"}), refused);
  EXPECT_THAT(CheckNotifyConfig(NotifyKind::kWebhook, {.url = "https://example.com/"}), refused);
  EXPECT_THAT(
      CheckNotifyConfig(NotifyKind::kNtfy, {.url = "https://ntfy.sh/t", .secret = "two\r\nlines"}),
      refused);
  EXPECT_THAT(CheckNotifyConfig(NotifyKind::kNtfy, {.url = "https://ntfy.sh/a b"}), refused);
  EXPECT_THAT(
      CheckNotifyConfig(NotifyKind::kWebhook, {.url = "https://example.com/", .secret = secret}),
      IsOk());
}

}  // namespace
}  // namespace berth::hub
