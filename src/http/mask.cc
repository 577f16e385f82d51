#include "http/mask.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace berth::http {
namespace {

/// to[i] = from[i] ^ key[(phase + i) % 4]; the two may be the same, but not overlap otherwise.
void CopyMasked(std::byte* to, const std::byte* from, std::size_t size, const MaskKey& key,
                std::size_t phase) {
  std::array<std::byte, 8> pattern;
  for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = key[(phase + i) % 4];
  std::uint64_t word_mask;
  std::memcpy(&word_mask, pattern.data(), sizeof word_mask);
  const std::size_t words = size / 8;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint64_t word;
    std::memcpy(&word, from + 8 * i, sizeof word);
    word ^= word_mask;
    std::memcpy(to + 8 * i, &word, sizeof word);
  }
  for (std::size_t i = 8 * words; i < size; ++i) to[i] = from[i] ^ pattern[i % 8];
}

}  // namespace

MaskKey RandomMaskKey() {
  struct Pool {
    std::array<std::byte, 1024> bytes;
    std::size_t used = sizeof bytes;
  };
  thread_local Pool pool;
  if (pool.used == pool.bytes.size()) {
    CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(pool.bytes.data()),
                     static_cast<int>(pool.bytes.size())) == 1);
    pool.used = 0;
  }
  MaskKey key;
  std::memcpy(key.data(), pool.bytes.data() + pool.used, key.size());
  pool.used += key.size();
  return key;
}

void ApplyMask(net::MutableBytes data, const MaskKey& key, std::size_t phase) {
  CopyMasked(data.data(), data.data(), data.size(), key, phase);
}

void PayloadWriter::Append(net::Bytes bytes) {
  if (!key_) {
    out_.append(net::AsText(bytes));
    return;
  }
  const std::size_t at = out_.size();
  const std::size_t end = at + bytes.size();
  if (out_.capacity() < end) out_.reserve(std::max(end, 2 * out_.capacity()));
  out_.resize_and_overwrite(end, [&](char* text, std::size_t size) {
    CopyMasked(reinterpret_cast<std::byte*>(text) + at, bytes.data(), bytes.size(), *key_,
               at - begin_);
    return size;
  });
}

}  // namespace berth::http
