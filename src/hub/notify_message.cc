#include "hub/notify_message.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "hub/web_push.h"

namespace berth::hub {
namespace {

using store::NotifyKind;

constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMinSecret = 16;
constexpr std::size_t kMaxSecret = 256;
constexpr std::size_t kKeySize = 24;  ///< 32 characters: what a push Topic may have.

std::string PurposeOf(std::string_view id) { return fmt::format("notify-target {}", id); }

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

bool IsUrgent(const Notification& notification) {
  return notification.event == ToString(NotifyEvent::kNeedsYou) ||
         notification.event == ToString(NotifyEvent::kFailed);
}

Result<http::WebQuestion> Push(const NotifyConfig& config, const Notification& notification,
                               std::string_view key, const PushIdentity& identity, WallTime now,
                               const RandomSource& random) {
  auto keys = PushKeys::From(config.p256dh, config.auth);
  if (!keys) return std::move(keys).error();
  auto body = EncryptPush(*keys, ToJson(notification), P256PrivateKey::Generate(random),
                          RandomBytes<16>(random));
  if (!body) return std::move(body).error();
  auto url = http::ParseWebUrl(config.url);
  if (!url) return std::move(url).error();
  http::WebQuestion question;
  question.body = *std::move(body);
  question.fields.Add("content-type", "application/octet-stream");
  question.fields.Add("content-encoding", "aes128gcm");
  question.fields.Add("ttl", "86400");
  question.fields.Add("urgency", IsUrgent(notification) ? "high" : "normal");
  question.fields.Add("topic", key);
  question.fields.Add(
      "authorization",
      VapidAuthorization(identity.key, fmt::format("{}://{}", url->scheme, url->authority),
                         identity.subject, now));
  return question;
}

/// The address of the server and the topic, of https://ntfy.sh/topic.
Result<std::pair<std::string, std::string>> SplitTopic(std::string_view url) {
  auto parsed = http::ParseWebUrl(url);
  if (!parsed) return std::move(parsed).error();
  const std::size_t slash = parsed->target.rfind('/');
  std::string topic = parsed->target.substr(slash + 1);
  const bool is_topic = !topic.empty() && topic.size() <= 64 &&
                        topic.find_first_not_of(
                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
                            "YZ0123456789_-") == std::string::npos;
  if (!is_topic) return Invalid("no ntfy topic: write https://ntfy.sh/TOPIC");
  return std::pair(fmt::format("{}://{}{}", parsed->scheme, parsed->authority,
                               parsed->target.substr(0, slash + 1)),
                   std::move(topic));
}

Result<http::WebQuestion> Ntfy(const NotifyConfig& config, const Notification& notification) {
  auto place = SplitTopic(config.url);
  if (!place) return std::move(place).error();
  boost::json::object body;
  body["topic"] = place->second;
  body["title"] = notification.title;
  body["message"] = notification.body.empty() ? notification.title : notification.body;
  body["priority"] = IsUrgent(notification) ? 4 : 3;
  body["click"] = notification.url;
  http::WebQuestion question;
  question.url = place->first;
  question.body = boost::json::serialize(body);
  question.fields.Add("content-type", "application/json");
  if (!config.secret.empty()) question.fields.Add("authorization", "Bearer " + config.secret);
  return question;
}

http::WebQuestion Webhook(const NotifyConfig& config, const Notification& notification,
                          std::string_view key, WallTime now) {
  http::WebQuestion question;
  auto body = boost::json::parse(ToJson(notification)).get_object();
  body["id"] = key;
  question.body = boost::json::serialize(body);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const std::string signed_text = fmt::format("{}.{}", seconds, question.body);
  question.fields.Add("content-type", "application/json");
  question.fields.Add("x-berth-event", notification.event);
  question.fields.Add("x-berth-timestamp", std::to_string(seconds));
  question.fields.Add("x-berth-signature", "sha256=" + HexEncode(HmacSha256(BytesOf(config.secret),
                                                                            BytesOf(signed_text))));
  return question;
}

/// Slack's three escapes.
std::string SlackText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

http::WebQuestion Slack(const Notification& notification) {
  boost::json::object body;
  std::string text = SlackText(notification.title);
  if (!notification.body.empty()) text += "\n" + SlackText(notification.body);
  text += fmt::format("\n<{}|Open>", notification.url);
  body["text"] = std::move(text);
  http::WebQuestion question;
  question.body = boost::json::serialize(body);
  question.fields.Add("content-type", "application/json");
  return question;
}

}  // namespace

Result<void> CheckNotifyConfig(NotifyKind kind, const NotifyConfig& config) {
  if (config.url.size() > kMaxUrl) return Invalid("url is too long");
  auto url = http::ParseWebUrl(config.url);
  if (!url) return Wrap(std::move(url).error(), "url");
  if (config.secret.size() > kMaxSecret) return Invalid("secret is too long");
  const bool is_plain =
      std::ranges::all_of(config.secret, [](char c) { return c > 0x20 && c < 0x7f; });
  if (!is_plain) return Invalid("secret holds something else than visible ASCII characters");
  switch (kind) {
    case NotifyKind::kWebPush: {
      auto keys = PushKeys::From(config.p256dh, config.auth);
      if (!keys) return std::move(keys).error();
      return Ok();
    }
    case NotifyKind::kNtfy: {
      auto place = SplitTopic(config.url);
      if (!place) return std::move(place).error();
      return Ok();
    }
    case NotifyKind::kWebhook:
      if (config.secret.size() < kMinSecret) {
        return Invalid("secret is missing or too short: a webhook's has at least 16 characters");
      }
      return Ok();
    case NotifyKind::kSlack:
      return Ok();
  }
  return Ok();
}

std::vector<std::byte> SealNotifyConfig(const Sealer& sealer, std::string_view target_id,
                                        const NotifyConfig& config) {
  boost::json::object json;
  json["url"] = config.url;
  json["p256dh"] = config.p256dh;
  json["auth"] = config.auth;
  json["secret"] = config.secret;
  return sealer.Seal(PurposeOf(target_id), boost::json::serialize(json));
}

Result<NotifyConfig> OpenNotifyConfig(const Sealer& sealer, const store::NotifyTargetRow& target) {
  auto text = sealer.Unseal(PurposeOf(target.id), target.sealed_config);
  if (!text) return std::move(text).error();
  const auto object = ParseJsonObject(text->Reveal());
  if (!object) return Invalid("a damaged notification target");
  NotifyConfig config;
  config.url = StringMember(*object, "url");
  config.p256dh = StringMember(*object, "p256dh");
  config.auth = StringMember(*object, "auth");
  config.secret = StringMember(*object, "secret");
  return config;
}

std::string IdempotencyKey(std::string_view target_id, std::string_view dedupe_key) {
  const Sha256Digest digest = Sha256(fmt::format("{} {}", target_id, dedupe_key));
  return Base64UrlEncode(std::span(digest).first(kKeySize));
}

Result<http::WebQuestion> NotifyQuestion(NotifyKind kind, const NotifyConfig& config,
                                         const Notification& notification,
                                         std::string_view idempotency_key,
                                         const PushIdentity& identity, WallTime now,
                                         const RandomSource& random) {
  Result<http::WebQuestion> question = Internal("no such kind of target");
  switch (kind) {
    case NotifyKind::kWebPush:
      question = Push(config, notification, idempotency_key, identity, now, random);
      break;
    case NotifyKind::kNtfy:
      question = Ntfy(config, notification);
      break;
    case NotifyKind::kWebhook:
      question = Webhook(config, notification, idempotency_key, now);
      break;
    case NotifyKind::kSlack:
      question = Slack(notification);
      break;
  }
  if (!question) return question;
  question->method = "POST";
  if (question->url.empty()) question->url = config.url;
  question->fields.Add("idempotency-key", idempotency_key);
  return question;
}

}  // namespace berth::hub
