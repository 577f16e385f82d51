#include "control/assertion.h"

#include "base/encoding.h"
#include "base/log.h"
#include "control/json_reader.h"
#include "control/json_writer.h"

namespace berth::control {

// The wire names, as in message_fields.h. Bounds count bytes, and entries of lists.
template <class V, Is<Assertion> M>
void Fields(V& v, M& m) {
  v("kid", m.key_id, kRequired, kShortText);
  v("aud", m.audience, kRequired, kShortText);
  v("tun", m.tunnel, kRequired, kShortText);
  v("uid", m.user_id, kRequired);
  v("provider", m.provider, kRequired, kShortText);
  v("sub", m.subject, kRequired, kShortText);
  v("login", m.login, kOptional, kShortText);
  v("name", m.name, kOptional, kShortText);
  v("groups", m.groups, kOptional, kShortText);
  v("group_ids", m.group_ids, kOptional, kShortText);
  v("role", m.role, kRequired);
  v("iat", m.issued_at, kRequired);
  v("exp", m.expires_at, kRequired);
}

namespace {

constexpr std::int64_t kVersion = 1;
// Of all groups together, by name and by number, as JSON: what is left of kMaxAssertion for them
// when everything else is as long as it may be. 3/4 of 12 KiB is 9 KiB; seven texts of 256 bytes
// and the rest are under 3.
constexpr std::size_t kMaxGroups = 6 * 1024;

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

std::int64_t Seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Result<void> CheckText(std::string_view name, std::string_view text) {
  const bool fits = !text.empty() && text.size() <= kShortText && http::IsUtf8(text);
  if (fits) return Ok();
  return Invalid(fmt::format("assertion: {} is empty, too long or not UTF-8", name));
}

/// The first of `groups` that fit into `room`, which they then have taken.
std::vector<std::string> ThatFit(const std::vector<std::string>& groups, std::size_t& room) {
  std::vector<std::string> kept;
  for (const std::string& group : groups) {
    if (group.empty() || group.size() > kShortText || !http::IsUtf8(group)) continue;
    const std::size_t size = boost::json::serialize(boost::json::string_view(group)).size() + 1;
    if (size > room || kept.size() == kShortText) break;
    room -= size;
    kept.push_back(group);
  }
  return kept;
}

Result<Assertion> ParsePayload(std::string_view payload) {
  const auto bytes = Base64UrlDecode(payload);
  if (!bytes) return Invalid("assertion: not base64url");
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  auto document = ParseDocument(text);
  if (!document) return Wrap(std::move(document).error(), "assertion");
  const auto& object = document->root.get_object();
  const auto* version = object.if_contains("v");
  if (version == nullptr || !version->is_int64() || version->get_int64() != kVersion) {
    return Invalid("assertion: of a version that is not known here");
  }
  Assertion assertion;
  JsonReader reader(object, nullptr, "");
  Fields(reader, assertion);
  if (reader.error()) return Wrap(*reader.error(), "assertion");
  return assertion;
}

}  // namespace

std::string_view ToString(Role role) {
  switch (role) {
    case Role::kOwner:
      return "owner";
    case Role::kOperator:
      return "operator";
    case Role::kViewer:
      return "viewer";
  }
  return "";
}

Result<std::string> MakeAssertion(const Assertion& assertion, const Ed25519PrivateKey& key) {
  for (const auto& [name, text] :
       {std::pair("kid", &assertion.key_id), std::pair("aud", &assertion.audience),
        std::pair("tun", &assertion.tunnel), std::pair("provider", &assertion.provider),
        std::pair("sub", &assertion.subject)}) {
    auto fits = CheckText(name, *text);
    if (!fits) return std::move(fits).error();
  }
  if (!assertion.login.empty()) {
    auto fits = CheckText("login", assertion.login);
    if (!fits) return std::move(fits).error();
  }
  Assertion written = assertion;
  std::size_t room = kMaxGroups;
  written.groups = ThatFit(assertion.groups, room);
  written.group_ids = ThatFit(assertion.group_ids, room);
  std::string json;
  JsonWriter writer(json);
  writer("v", kVersion, kRequired);
  Fields(writer, written);
  writer.Finish();
  std::string text = Base64UrlEncode(BytesOf(json));
  const Ed25519Signature signature = key.Sign(text);
  text += '.';
  text += Base64UrlEncode(signature);
  if (text.size() > kMaxAssertion) return Invalid("assertion: too long");
  return text;
}

Result<Assertion> VerifyAssertion(std::string_view text, const AssertionDemand& demand,
                                  const KeyLookup& find_key) {
  if (text.size() > kMaxAssertion) return Invalid("assertion: too long");
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return Invalid("assertion: has no signature");
  const std::string_view payload = text.substr(0, dot);
  const auto signature = Base64UrlDecode(text.substr(dot + 1));
  if (!signature || signature->size() != std::tuple_size_v<Ed25519Signature>) {
    return Invalid("assertion: its signature is not one");
  }
  auto assertion = ParsePayload(payload);
  if (!assertion) return assertion;
  const Ed25519PublicKey* const key = find_key(assertion->key_id);
  if (key == nullptr) {
    return Unauthorized(
        fmt::format("assertion: the key {} is not trusted here", ForLog(assertion->key_id, 40)));
  }
  if (!key->Verify(payload, *signature)) return Unauthorized("assertion: the signature is wrong");
  if (assertion->audience != demand.audience) {
    return Forbidden(
        fmt::format("assertion: for another instance, {}", ForLog(assertion->audience, 64)));
  }
  if (demand.tunnel.empty() || assertion->tunnel != demand.tunnel) {
    return Forbidden("assertion: of another tunnel");
  }
  auto in_time = CheckTime(*assertion, demand.now);
  if (!in_time) return std::move(in_time).error();
  return assertion;
}

Result<void> CheckTime(const Assertion& assertion, WallTime now) {
  const std::int64_t second = Seconds(now);
  // The bounds first: differences of times far away do not fit.
  const bool is_plausible =
      assertion.issued_at >= 0 && second >= 0 && assertion.expires_at > assertion.issued_at &&
      assertion.expires_at - assertion.issued_at <= kAssertionLifetime.count();
  if (!is_plausible) return Invalid("assertion: its times make no sense");
  if (assertion.issued_at > second + kAssertionSkew.count()) {
    return Timeout(
        fmt::format("assertion: not valid for another {} s; do the clocks of hub and agent differ?",
                    assertion.issued_at - second));
  }
  if (second >= assertion.expires_at) {
    return Timeout(
        fmt::format("assertion: expired {} s ago; do the clocks of hub and agent differ?",
                    second - assertion.expires_at));
  }
  return Ok();
}

std::string EndorsementText(const Ed25519PublicKey& newer) {
  // A colon is no base64url: no assertion can be taken for this, nor this for one.
  return "berth-hub-key:1:" + newer.Text();
}

}  // namespace berth::control
