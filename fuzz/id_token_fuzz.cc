// What a sign-in provider answers, piece by piece: ID tokens, key sets, discovery documents, claims
// and Link fields. Properties: nothing is accepted that says less than it must, and no signature of
// anybody else's is ever good.
#include <cstdint>

#include "base/check.h"
#include "base/json.h"
#include "http/web.h"
#include "identity/github_api.h"
#include "identity/id_token.h"
#include "identity/keepable_name.h"
#include "identity/oidc.h"

namespace {

using namespace berth;  // NOLINT

// Public keys of RFC 8037 and RFC 7515 (appendices A): good ones, and the fuzzer cannot sign with
// them.
constexpr std::string_view kKeys =
    R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},)"
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";

void CheckToken(std::string_view text) {
  static const identity::Jwks keys = identity::Jwks::Parse(kKeys).value();
  const auto token = identity::ParseIdToken(text);
  if (!token) return;
  CHECK(text.starts_with(token->signed_text));
  CHECK(!token->signed_text.contains('=') && text.size() > token->signed_text.size());
  const identity::PublicKey* key = keys.Find(token->key_id, token->kind);
  if (key == nullptr) return;
  const auto checked = identity::CheckIdToken(
      *token, *key,
      {.issuer = "https://id.example", .client_id = "hub", .nonce = "n", .now = WallTime()});
  CHECK(!checked);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckToken(text);
  if (const auto keys = identity::Jwks::Parse(text)) CHECK(keys->size() <= 100);
  if (const auto endpoints = identity::ParseOidcEndpoints(text, "https://id.example")) {
    for (const std::string* url :
         {&endpoints->authorization, &endpoints->token, &endpoints->keys}) {
      CHECK(http::ParseWebUrl(*url).has_value());
    }
  }
  if (const auto object = ParseJsonObject(text)) {
    const auto groups = identity::GroupsIn(*object, "groups");
    CHECK(groups.has_value() == object->contains("groups"));
    for (const std::string& group : groups.value_or(std::vector<std::string>())) {
      CHECK(identity::IsKeepableName(group) && !group.contains('\n'));
    }
  }
  http::Fields fields;
  fields.Add("link", text);
  const std::string next = identity::NextPage(fields);
  CHECK(text.contains(next) && !next.contains('>'));
  return 0;
}
