// Reading a SHA-256 from a row.
#pragma once

#include <algorithm>

#include "base/hash.h"
#include "store/database.h"

namespace berth::store {

/// The digest in that column. A damaged one becomes all zeros, which no secret that we make hashes
/// to: it lets nobody in.
inline Sha256Digest DigestColumn(const Row& row, int column) {
  Sha256Digest digest{};
  const auto bytes = row.Blob(column);
  if (bytes.size() == digest.size()) std::ranges::copy(bytes, digest.begin());
  return digest;
}

}  // namespace berth::store
