#include "agent/adapters/jwt.h"

#include <boost/json.hpp>
#include <span>

#include "base/encoding.h"
#include "base/hash.h"

namespace berth::agent {
namespace {

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

std::string MintToken(std::string_view secret, std::int64_t user_id, std::string_view username,
                      std::chrono::system_clock::time_point issued_at,
                      std::chrono::seconds lifetime) {
  const auto issued =
      std::chrono::duration_cast<std::chrono::seconds>(issued_at.time_since_epoch()).count();
  const boost::json::object claims{{"userId", user_id},
                                   {"username", username},
                                   {"iat", issued},
                                   {"exp", issued + lifetime.count()}};
  std::string token = Base64UrlEncode(BytesOf(R"({"alg":"HS256","typ":"JWT"})")) + '.' +
                      Base64UrlEncode(BytesOf(boost::json::serialize(claims)));
  const Sha256Digest signature = HmacSha256(BytesOf(secret), BytesOf(token));
  return token + '.' + Base64UrlEncode(signature);
}

}  // namespace berth::agent
