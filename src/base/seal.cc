#include "base/seal.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>

#include "base/as_unsigned.h"
#include "base/check.h"
#include "base/private_file.h"

namespace berth {
namespace {

// sealed = nonce (12) | ciphertext | tag (16)
constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

using Key = std::array<std::byte, 32>;

Result<Key> ReadKey(int descriptor, const std::string& name) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return FromErrno(errno, "look at " + name);
  if ((status.st_mode & 077) != 0) {
    return Invalid(name + " can be read by others: chmod 600 it");
  }
  Key key;
  char extra = 0;
  const bool fits = ::read(descriptor, key.data(), key.size()) == ssize_t(key.size()) &&
                    ::read(descriptor, &extra, 1) == 0;
  if (!fits) {
    return Invalid(name +
                   " holds no key (32 bytes): put the backup's in its place, or remove it and run "
                   "berth key rotate --force");
  }
  return key;
}

/// Writes the key beside `file` and links it there, so that the file is whole or not there. Another
/// process may have been faster: its key counts.
Result<void> WriteKey(const std::filesystem::path& file, const Key& key) {
  const std::string temporary = file.string() + ".new-" + std::to_string(::getpid());
  {
    const Descriptor out{
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    const bool written = out.number >= 0 &&
                         ::write(out.number, key.data(), key.size()) == ssize_t(key.size()) &&
                         ::fsync(out.number) == 0;
    if (!written) {
      const int reason = errno;
      ::unlink(temporary.c_str());
      return OwnersFileError(reason, "write " + file.string());
    }
  }
  const bool linked = ::link(temporary.c_str(), file.c_str()) == 0 || errno == EEXIST;
  const int reason = errno;
  ::unlink(temporary.c_str());
  if (!linked) return OwnersFileError(reason, "write " + file.string());
  return Ok();
}

}  // namespace

Result<Sealer> Sealer::Open(const std::filesystem::path& file, RandomSource random) {
  for (bool is_made = false;; is_made = true) {
    const Descriptor in{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    if (in.number >= 0) {
      auto key = ReadKey(in.number, file.string());
      if (!key) return std::move(key).error();
      return Sealer(*key, std::move(random));
    }
    if (errno != ENOENT || is_made) return OwnersFileError(errno, "open " + file.string());
    auto written = WriteKey(file, RandomBytes<32>(random));
    if (!written) return std::move(written).error();
  }
}

std::vector<std::byte> Sealer::Seal(std::string_view purpose, std::string_view text) const {
  std::vector<std::byte> sealed(kNonce + text.size() + kTag);
  const std::span<std::byte> all(sealed);
  random_(all.first(kNonce));
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  const bool done =
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, AsUnsigned(key_.data()),
                         AsUnsigned(all.data())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, AsUnsigned(purpose.data()),
                        static_cast<int>(purpose.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), AsUnsigned(all.data() + kNonce), &size,
                        AsUnsigned(text.data()), static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), AsUnsigned(all.data() + kNonce + text.size()), &size) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag,
                          all.subspan(kNonce + text.size()).data()) == 1;
  CHECK(done);
  return sealed;
}

Result<Secret> Sealer::Unseal(std::string_view purpose, std::span<const std::byte> sealed) const {
  if (sealed.size() < kNonce + kTag) return Invalid("sealed data is too short");
  const std::size_t text_size = sealed.size() - kNonce - kTag;
  std::string text(text_size, '\0');
  std::array<std::byte, kTag> tag;
  std::ranges::copy(sealed.last(kTag), tag.begin());
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  const bool done =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, AsUnsigned(key_.data()),
                         AsUnsigned(sealed.data())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, AsUnsigned(purpose.data()),
                        static_cast<int>(purpose.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), AsUnsigned(text.data()), &size,
                        AsUnsigned(sealed.data() + kNonce), static_cast<int>(text_size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), AsUnsigned(text.data() + text_size), &size) == 1;
  if (!done) return Invalid("sealed data is damaged, or of another key");
  Secret secret(text);
  std::ranges::fill(text, '\0');
  return secret;
}

Sha256Digest Sealer::Code(std::string_view purpose, std::string_view text) const {
  const Sha256Digest purpose_key = HmacSha256(key_, std::as_bytes(std::span(purpose)));
  return HmacSha256(purpose_key, std::as_bytes(std::span(text)));
}

}  // namespace berth
