#include "identity/id_token.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "identity/keepable_name.h"

namespace berth::identity {
namespace {

constexpr std::size_t kMaxToken = 64 * 1024;
constexpr std::int64_t kLeewaySeconds = 60;

std::optional<std::string> Decode(std::string_view part) {
  const auto bytes = Base64UrlDecode(part);
  if (!bytes) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

/// Whole seconds since 1970, also where a provider writes fractions; nothing if it is no time.
std::optional<std::int64_t> TimeMember(const boost::json::object& claims, std::string_view name) {
  if (const auto whole = IntegerMember(claims, name)) return whole;
  const auto* member = claims.if_contains(name);
  if (member == nullptr || !member->is_double()) return std::nullopt;
  const double seconds = member->get_double();
  if (!(seconds > 0 && seconds < 1e12)) return std::nullopt;
  return static_cast<std::int64_t>(seconds);
}

Result<void> CheckAudience(const boost::json::object& claims, std::string_view client_id) {
  const auto* audience = claims.if_contains("aud");
  if (audience == nullptr) return Unauthorized("ID token: no aud");
  bool is_ours = false;
  bool is_only = true;
  if (const auto* one = audience->if_string()) {
    is_ours = std::string_view(*one) == client_id;
  } else if (const auto* list = audience->if_array()) {
    is_ours = std::ranges::any_of(*list, [client_id](const boost::json::value& entry) {
      return entry.is_string() && std::string_view(entry.get_string()) == client_id;
    });
    is_only = list->size() == 1;
  }
  if (!is_ours) return Unauthorized("ID token: aud is somebody else");
  const bool has_party = claims.contains("azp");
  if ((has_party || !is_only) && StringMember(claims, "azp") != client_id) {
    return Unauthorized("ID token: azp is somebody else");
  }
  return Ok();
}

Result<void> CheckTimes(const boost::json::object& claims, WallTime time) {
  const std::int64_t now = ToUnixMs(time) / 1000;
  const auto expiry = TimeMember(claims, "exp");
  if (!expiry) return Unauthorized("ID token: no exp");
  if (now >= *expiry + kLeewaySeconds) return Unauthorized("ID token: expired");
  for (const char* name : {"nbf", "iat"}) {
    if (!claims.contains(name)) continue;
    const auto start = TimeMember(claims, name);
    if (!start || *start > now + kLeewaySeconds) {
      return Unauthorized(std::string("ID token: not valid yet: ") + name);
    }
  }
  return Ok();
}

}  // namespace

Result<IdToken> ParseIdToken(std::string_view text) {
  if (text.size() > kMaxToken) return Invalid("ID token: too long");
  const std::size_t first = text.find('.');
  const std::size_t second = text.find('.', std::min(first, text.size() - 1) + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) {
    return Invalid("ID token: not three parts");
  }
  const auto header = Decode(text.substr(0, first));
  const auto claims = Decode(text.substr(first + 1, second - first - 1));
  auto signature = Decode(text.substr(second + 1));
  if (!header || !claims || !signature) return Invalid("ID token: not base64url");
  auto fields = ParseJsonObject(*header);
  if (!fields) return Invalid("ID token: the header is no JSON object");
  IdToken token;
  token.signed_text = text.substr(0, second);
  token.signature = std::move(*signature);
  const auto kind = ParseSignatureKind(StringMember(*fields, "alg"));
  if (!kind) return Invalid("ID token: signed in a way that is not taken");
  token.kind = *kind;
  if (fields->contains("crit") || fields->contains("b64")) {
    return Invalid("ID token: header fields that are not understood");
  }
  token.key_id = StringMember(*fields, "kid");
  auto object = ParseJsonObject(*claims);
  if (!object) return Invalid("ID token: the claims are no JSON object");
  token.claims = std::move(*object);
  return token;
}

Result<void> CheckIdToken(const IdToken& token, const PublicKey& key,
                          const IdTokenDemands& demands) {
  if (key.kind() != token.kind || !key.Verify(token.signed_text, token.signature)) {
    return Unauthorized("ID token: the signature is wrong");
  }
  if (StringMember(token.claims, "iss") != demands.issuer) {
    return Unauthorized("ID token: iss is somebody else");
  }
  auto audience = CheckAudience(token.claims, demands.client_id);
  if (!audience) return audience;
  auto times = CheckTimes(token.claims, demands.now);
  if (!times) return times;
  if (demands.nonce &&
      (demands.nonce->empty() || !EqualsInConstantTime(Sha256(StringMember(token.claims, "nonce")),
                                                       Sha256(*demands.nonce)))) {
    return Unauthorized("ID token: nonce is of another sign-in");
  }
  if (!IsKeepableName(StringMember(token.claims, "sub")))
    return Unauthorized("ID token: no usable sub");
  return Ok();
}

}  // namespace berth::identity
