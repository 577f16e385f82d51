// ID tokens: the good ones, and every way in which one can be not for us.
#include "identity/id_token.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "base/result_testing.h"
#include "identity/token_testing.h"

namespace berth::identity {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using testing::Encode;
using testing::KeySet;
using testing::TestKey;

constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::string_view kIssuer = "https://id.example";

std::string Claims(std::string_view change = "") {
  // The later member of two counts, so a change overrides.
  return fmt::format(
      R"({{"iss":"{}","sub":"248289","aud":"hub","exp":{},"iat":{},"nonce":"n-1"{}}})", kIssuer,
      kNow + 300, kNow, change);
}

struct IdTokenTest : ::testing::Test {
  TestKey rsa{SignatureKind::kRs256, "r1"};
  TestKey elliptic{SignatureKind::kEs256, "e1"};
  TestKey edwards{SignatureKind::kEdDsa, "d1"};
  Jwks keys = Jwks::Parse(KeySet({rsa.Jwk(), elliptic.Jwk(), edwards.Jwk()})).value();

  Result<void> Check(std::string_view text, std::optional<std::string_view> nonce = "n-1") {
    auto token = ParseIdToken(text);
    if (!token) return std::move(token).error();
    const PublicKey* key = keys.Find(token->key_id, token->kind);
    if (key == nullptr) return NotFound("no such key");
    return CheckIdToken(
        *token, *key,
        {.issuer = kIssuer, .client_id = "hub", .nonce = nonce, .now = FromUnixMs(kNow * 1000)});
  }
};

TEST_F(IdTokenTest, TakesTheThreeKindsOfSignature) {
  for (const TestKey* key : {&rsa, &elliptic, &edwards}) {
    EXPECT_THAT(Check(key->Sign(Claims())), IsOk()) << key->algorithm();
  }
  EXPECT_THAT(Check(rsa.Sign(Claims(), R"({"alg":"RS256","typ":"JWT"})")), IsOk())
      << "the only RSA key";
}

// RFC 7515, appendix A.3: a signature that is not of our making.
TEST_F(IdTokenTest, VerifiesTheExampleOfTheStandard) {
  const auto set = Jwks::Parse(
      R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
      R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})");
  ASSERT_THAT(set, IsOk());
  const auto token = ParseIdToken(
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL"
      "mNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
      "pmWQxfKTUJqPP3-Kg6NU1Q");
  ASSERT_THAT(token, IsOk());
  const PublicKey* key = set->Find("", SignatureKind::kEs256);
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(key->Verify(token->signed_text, token->signature));
}

TEST_F(IdTokenTest, RefusesForgedSignatures) {
  const std::string good = rsa.Sign(Claims());
  const std::size_t dot = good.rfind('.');
  const std::string signature = good.substr(dot + 1);
  // Other claims under the same signature; no signature; another key's; a changed byte.
  EXPECT_THAT(Check(Encode(R"({"alg":"RS256","kid":"r1"})") + "." +
                    Encode(Claims(R"(,"sub":"other")")) + "." + signature),
              FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Check(good.substr(0, dot + 1)), FailsWith(ErrorKind::kUnauthorized));
  const TestKey stranger(SignatureKind::kRs256, "r1");
  EXPECT_THAT(Check(stranger.Sign(Claims())), FailsWith(ErrorKind::kUnauthorized));
  std::string changed = good;
  changed[dot + 10] = changed[dot + 10] == 'A' ? 'B' : 'A';
  EXPECT_THAT(Check(changed), FailsWith(ErrorKind::kUnauthorized));
  // An ES256 signature in DER, or of zeros (CVE-2022-21449).
  const std::string head = Encode(R"({"alg":"ES256","kid":"e1"})") + "." + Encode(Claims());
  EXPECT_THAT(Check(head + "." + Encode(std::string(64, '\0'))),
              FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Check(head + "." + Encode(std::string(70, '0'))),
              FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(IdTokenTest, RefusesOtherAlgorithms) {
  for (std::string_view name : {"none", "None", "HS256", "RS512", "PS256", "ES384", "rs256", ""}) {
    const std::string header = fmt::format(R"({{"alg":"{}","kid":"r1"}})", name);
    EXPECT_THAT(Check(rsa.Sign(Claims(), header)), FailsWith(ErrorKind::kInvalid)) << name;
    EXPECT_THAT(Check(Encode(header) + "." + Encode(Claims()) + "."),
                FailsWith(ErrorKind::kInvalid))
        << name;
  }
  // HS256 with the public key as its secret: the classic confusion.
  const std::string text = Encode(R"({"alg":"HS256","kid":"r1"})") + "." + Encode(Claims());
  const std::string jwk = rsa.Jwk();
  const Sha256Digest mac =
      HmacSha256(std::as_bytes(std::span(jwk)), std::as_bytes(std::span(text)));
  EXPECT_THAT(Check(text + "." + Base64UrlEncode(mac)), FailsWith(ErrorKind::kInvalid));
  // A key of one kind is never used for another's signature.
  EXPECT_THAT(Check(rsa.Sign(Claims(), R"({"alg":"ES256","kid":"r1"})")),
              FailsWith(ErrorKind::kNotFound));
}

TEST_F(IdTokenTest, RefusesUnknownKeys) {
  EXPECT_THAT(Check(rsa.Sign(Claims(), R"({"alg":"RS256","kid":"r2"})")),
              FailsWith(ErrorKind::kNotFound));
  const TestKey second(SignatureKind::kRs256, "r2");
  keys = Jwks::Parse(KeySet({rsa.Jwk(), second.Jwk()})).value();
  EXPECT_THAT(Check(rsa.Sign(Claims(), R"({"alg":"RS256"})")), FailsWith(ErrorKind::kNotFound))
      << "which of two is not said";
}

TEST_F(IdTokenTest, RefusesClaimsThatAreNotForUs) {
  const std::vector<std::string> wrong = {
      R"(,"iss":"https://id.example/")",
      R"(,"iss":["https://id.example"])",
      R"(,"aud":"other")",
      R"(,"aud":[])",
      R"(,"aud":["hub","other"])",
      R"(,"aud":["hub"],"azp":"other")",
      R"(,"aud":{"hub":1})",
      R"(,"azp":"other")",
      fmt::format(R"(,"exp":{})", kNow - 61),
      R"(,"exp":"1900000000")",
      R"(,"exp":null)",
      fmt::format(R"(,"nbf":{})", kNow + 120),
      fmt::format(R"(,"iat":{})", kNow + 120),
      R"(,"nonce":"n-2")",
      R"(,"nonce":null)",
      R"(,"sub":"")",
      R"(,"sub":42)",
      R"(,"sub":"a\nb")",
  };
  for (const std::string& change : wrong) {
    EXPECT_THAT(Check(rsa.Sign(Claims(change))), FailsWith(ErrorKind::kUnauthorized)) << change;
  }
  EXPECT_THAT(Check(rsa.Sign(Claims()), ""), FailsWith(ErrorKind::kUnauthorized))
      << "an empty nonce is none";
  EXPECT_THAT(Check(rsa.Sign(Claims(R"(,"nonce":null)")), ""), FailsWith(ErrorKind::kUnauthorized))
      << "nor is it the nonce of a token without";
  for (const std::string& change :
       {std::string(R"(,"aud":["hub"])"), std::string(R"(,"aud":["x","hub"],"azp":"hub")"),
        fmt::format(R"(,"exp":{})", kNow - 30), fmt::format(R"(,"exp":{}.75)", kNow + 30),
        fmt::format(R"(,"nbf":{})", kNow + 30)}) {
    EXPECT_THAT(Check(rsa.Sign(Claims(change))), IsOk()) << change;
  }
  EXPECT_THAT(Check(rsa.Sign(Claims(R"(,"nonce":null)")), std::nullopt), IsOk()) << "a refresh";
}

TEST_F(IdTokenTest, RefusesWhatIsNoToken) {
  const std::string good = rsa.Sign(Claims());
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("a.b"), good + ".x",
        good + "=", " " + good, std::string("e30.e30.e30"), std::string(70'000, 'A'),
        rsa.Sign(Claims(), R"(["RS256"])"), rsa.Sign("[]"), rsa.Sign("{"),
        rsa.Sign(Claims(), R"({"alg":"RS256","kid":"r1","crit":["x"],"x":1})"),
        rsa.Sign(Claims(), R"({"alg":"RS256","kid":"r1","b64":false})"),
        rsa.Sign(Claims(fmt::format(R"(,"x":"{}")", std::string(70'000, 'x'))))}) {
    EXPECT_THAT(Check(text), FailsWith(ErrorKind::kInvalid)) << text.substr(0, 60);
  }
}

TEST(JwksTest, LeavesOutWhatIsOfNoUse) {
  const TestKey rsa(SignatureKind::kRs256, "r1");
  const auto set = Jwks::Parse(KeySet(
      {rsa.Jwk(R"(,"use":"enc")"), rsa.Jwk(R"(,"alg":"RS512")"), R"({"kty":"oct","k":"AAAA"})",
       R"({"kty":"RSA","n":"AQAB","e":"AQAB"})", R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})",
       // A point that is not on the curve.
       fmt::format(R"({{"kty":"EC","crv":"P-256","x":"{0}","y":"{0}"}})",
                   Encode(std::string(32, '\1'))),
       R"({"kty":"OKP","crv":"X25519","x":"AA"})", "7", "{}"}));
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->size(), 0u);
  EXPECT_EQ(Jwks::Parse(KeySet(std::vector<std::string>(101, rsa.Jwk())))->size(), 100u);
  EXPECT_THAT(Jwks::Parse("[]"), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(Jwks::Parse(R"({"keys":{}})"), FailsWith(ErrorKind::kInvalid));
}

}  // namespace
}  // namespace berth::identity
