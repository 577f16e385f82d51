// Sealer: encrypts the little that must be kept and read again (a provider's access token, a
// signing key), so that the database alone gives nothing away. AES-256-GCM under a key in a file of
// its own.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace berth {

/// What the key's file is called in a hub's data folder.
inline constexpr std::string_view kSealKeyFile = "seal.key";

class Sealer {
 public:
  /// The key in `file`, made there (mode 0600) if the file is missing. kInvalid: others may read
  /// the file, or it holds no key; the message says what to do.
  static Result<Sealer> Open(const std::filesystem::path& file, RandomSource random);
  /// With a key of the caller's, for tests.
  Sealer(std::array<std::byte, 32> key, RandomSource random)
      : key_(key), random_(std::move(random)) {}

  /// Encrypts `text`. `purpose` is bound to it: what was sealed for one cannot be opened for
  /// another.
  std::vector<std::byte> Seal(std::string_view purpose, std::string_view text) const;
  /// kInvalid: not sealed by this key for this purpose, or damaged.
  Result<Secret> Unseal(std::string_view purpose, std::span<const std::byte> sealed) const;
  /// A code for `text` that only this key can make (HMAC-SHA-256): for what is handed out and comes
  /// back. Codes of one purpose are of no use for another.
  Sha256Digest Code(std::string_view purpose, std::string_view text) const;

 private:
  std::array<std::byte, 32> key_;
  RandomSource random_;
};

}  // namespace berth
