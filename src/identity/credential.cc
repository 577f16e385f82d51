#include "identity/credential.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <array>

#include "base/encoding.h"
#include "base/text.h"

namespace berth::identity {
namespace {

constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretHexDigits = 64;
constexpr std::size_t kSecretBase64Digits = 43;
constexpr std::size_t kMaxTokenName = 100;
constexpr std::string_view kAgentPrefix = "ao_";
constexpr std::string_view kApiPrefix = "bt_";

/// For each byte whether it is one of `digits`.
consteval std::array<bool, 256> TableOf(std::string_view digits) {
  std::array<bool, 256> table{};
  for (const char digit : digits) table[static_cast<unsigned char>(digit)] = true;
  return table;
}
constexpr auto kHexDigits = TableOf("0123456789abcdef");
constexpr auto kBase64Digits =
    TableOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

/// Without an early exit: each request of a browser has its cookie looked at.
bool AreDigits(std::string_view text, const std::array<bool, 256>& digits) {
  bool are_all = true;
  for (const char c : text) are_all &= digits[static_cast<unsigned char>(c)];
  return are_all;
}

bool IsId(std::string_view text) { return text.size() == kIdDigits && AreDigits(text, kHexDigits); }

/// Hashes what a secret decodes to and wipes it.
std::optional<Sha256Digest> HashAndWipe(std::optional<std::vector<std::byte>> secret) {
  if (!secret) return std::nullopt;
  std::optional<Sha256Digest> hash;
  if (secret->size() == kSecretBytes) hash = Sha256(*secret);
  OPENSSL_cleanse(secret->data(), secret->size());
  return hash;
}

template <class Spell>
IssuedCredential Issue(const RandomSource& random, Spell spell) {
  IssuedCredential issued;
  issued.id = HexEncode(RandomBytes<kIdDigits / 2>(random));
  auto secret = RandomBytes<kSecretBytes>(random);
  issued.secret_hash = Sha256(secret);
  std::string text = spell(issued.id, secret);
  issued.text = Secret(text);
  OPENSSL_cleanse(text.data(), text.size());
  OPENSSL_cleanse(secret.data(), secret.size());
  return issued;
}

std::optional<PresentedCredential> Present(std::string_view id, std::optional<Sha256Digest> hash) {
  if (!IsId(id) || !hash) return std::nullopt;
  return PresentedCredential{.id = id, .secret_hash = *hash};
}

/// PREFIX ID "_" SECRET, both in hexadecimal.
IssuedCredential IssueToken(std::string_view prefix, const RandomSource& random) {
  return Issue(random, [prefix](std::string_view id, std::span<const std::byte> secret) {
    return fmt::format("{}{}_{}", prefix, id, HexEncode(secret));
  });
}

std::optional<PresentedCredential> ParseToken(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  if (text.size() != kIdDigits + 1 + kSecretHexDigits || text[kIdDigits] != '_') {
    return std::nullopt;
  }
  return Present(text.substr(0, kIdDigits), HashAndWipe(HexDecode(text.substr(kIdDigits + 1))));
}

}  // namespace

IssuedCredential IssueCompact(const RandomSource& random) {
  return Issue(random, [](std::string_view id, std::span<const std::byte> secret) {
    return fmt::format("{}.{}", id, Base64UrlEncode(secret));
  });
}

std::optional<PresentedCredential> ParseCompact(std::string_view text) {
  if (text.size() != kIdDigits + 1 + kSecretBase64Digits || text[kIdDigits] != '.') {
    return std::nullopt;
  }
  std::array<std::byte, kSecretBytes> secret;
  std::optional<Sha256Digest> hash;
  if (Base64UrlDecodeInto(text.substr(kIdDigits + 1), secret)) hash = Sha256(secret);
  OPENSSL_cleanse(secret.data(), secret.size());
  return Present(text.substr(0, kIdDigits), hash);
}

bool IsCompact(std::string_view text) {
  return text.size() == kIdDigits + 1 + kSecretBase64Digits && text[kIdDigits] == '.' &&
         IsId(text.substr(0, kIdDigits)) && AreDigits(text.substr(kIdDigits + 1), kBase64Digits);
}

IssuedCredential IssueAgentToken(const RandomSource& random) {
  return IssueToken(kAgentPrefix, random);
}

std::optional<PresentedCredential> ParseAgentToken(std::string_view text) {
  return ParseToken(kAgentPrefix, text);
}

IssuedCredential IssueApiToken(const RandomSource& random) {
  return IssueToken(kApiPrefix, random);
}

std::optional<PresentedCredential> ParseApiToken(std::string_view text) {
  return ParseToken(kApiPrefix, text);
}

bool IsTokenName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxTokenName && !HasControl(name);
}

}  // namespace berth::identity
