#include "net/vector_gcm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "base/temp_folder_testing.h"
#include "net/certificate_testing.h"

namespace berth::net {
namespace {

using ::testing::Each;
using testing::TestCertificate;

using Cipher = std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)>;
using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
using SslContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

constexpr int kTag = 16;

const unsigned char* Raw(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string Pattern(std::size_t size, int step) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * i * 31 + i * 7 + step);
  return text;
}

class VectorGcmTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (library_.context == nullptr) GTEST_SKIP() << "not on this machine";
  }

  Cipher Fetch(const char* properties) {
    return {EVP_CIPHER_fetch(library_.context, "AES-128-GCM", properties), &EVP_CIPHER_free};
  }
  Context Begin(const Cipher& cipher, bool seals) {
    Context made(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    EXPECT_EQ(EVP_CipherInit_ex2(made.get(), cipher.get(), Raw(key_), nullptr, seals, nullptr), 1);
    return made;
  }

  /// As libssl does with TLS 1.3: the record, followed by its tag.
  std::optional<std::string> Seal(EVP_CIPHER_CTX* cipher, std::string text) {
    int size = 0;
    int last = 0;
    std::string tag(kTag, '\0');
    const bool is_sealed =
        EVP_CipherInit_ex(cipher, nullptr, nullptr, nullptr, Raw(iv_), 1) == 1 &&
        EVP_CipherUpdate(cipher, nullptr, &size, Raw(header_), 5) == 1 &&
        EVP_CipherUpdate(cipher, Raw(text), &size, Raw(text), static_cast<int>(text.size())) == 1 &&
        EVP_CipherFinal_ex(cipher, nullptr, &last) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, kTag, tag.data()) == 1;
    if (!is_sealed || size != static_cast<int>(text.size())) return std::nullopt;
    return text + tag;
  }
  /// `left` has what stands in the buffer afterwards, also if it does not open.
  bool Open(EVP_CIPHER_CTX* cipher, std::string sealed, std::string& left) {
    std::string tag = sealed.substr(sealed.size() - kTag);
    left = sealed.substr(0, sealed.size() - kTag);
    int size = 0;
    int last = 0;
    return EVP_CipherInit_ex(cipher, nullptr, nullptr, nullptr, Raw(iv_), 0) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()) == 1 &&
           EVP_CipherUpdate(cipher, nullptr, &size, Raw(header_), 5) == 1 &&
           EVP_CipherUpdate(cipher, Raw(left), &size, Raw(left), static_cast<int>(left.size())) ==
               1 &&
           EVP_CipherFinal_ex(cipher, nullptr, &last) == 1;
  }

  const TlsLibrary library_ = FastTlsLibrary();
  const std::string key_ = Pattern(16, 1);
  const std::string iv_ = Pattern(12, 2);
  std::string header_ = Pattern(5, 3);
};

TEST_F(VectorGcmTest, RecordsAreThoseOfOpenSsl) {
  const Cipher ours = Fetch(library_.properties);
  const Cipher theirs = Fetch("provider=default");
  ASSERT_EQ(EVP_CIPHER_get0_name(ours.get()), std::string("AES-128-GCM"));
  ASSERT_NE(EVP_CIPHER_get0_provider(ours.get()), EVP_CIPHER_get0_provider(theirs.get()));
  const Context seals = Begin(ours, true);
  const Context opens = Begin(ours, false);
  const Context reference = Begin(theirs, true);
  std::vector<std::size_t> sizes = {1023, 4096, 16384, 16384 + 1, 16384 + 256};
  for (std::size_t size = 1; size <= 400; ++size) sizes.push_back(size);
  for (const std::size_t size : sizes) {
    const std::string text = Pattern(size, static_cast<int>(size));
    const auto sealed = Seal(seals.get(), text);
    ASSERT_TRUE(sealed) << size;
    ASSERT_EQ(*sealed, Seal(reference.get(), text)) << size;
    std::string opened;
    ASSERT_TRUE(Open(opens.get(), *sealed, opened)) << size;
    ASSERT_EQ(opened, text) << size;
  }
}

TEST_F(VectorGcmTest, WhatWasChangedDoesNotOpenAndIsWiped) {
  const Cipher cipher = Fetch(library_.properties);
  const Context opens = Begin(cipher, false);
  const auto sealed = Seal(Begin(cipher, true).get(), Pattern(100, 0));
  ASSERT_TRUE(sealed);
  std::string left;
  for (std::size_t at = 0; at < sealed->size(); ++at) {
    std::string changed = *sealed;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    EXPECT_FALSE(Open(opens.get(), changed, left)) << at;
    EXPECT_THAT(left, Each('\0')) << at;
  }
  EXPECT_TRUE(Open(opens.get(), *sealed, left));
  header_[4] = static_cast<char>(header_[4] ^ 1);
  EXPECT_FALSE(Open(opens.get(), *sealed, left));
}

TEST_F(VectorGcmTest, ANonceServesOnce) {
  const Cipher cipher = Fetch(library_.properties);
  const Context seals = Begin(cipher, true);
  std::string text(20, 'a');
  int size = 0;
  EXPECT_NE(EVP_CipherUpdate(seals.get(), Raw(text), &size, Raw(text), 20), 1);  // None yet.
  ASSERT_EQ(EVP_CipherInit_ex(seals.get(), nullptr, nullptr, nullptr, Raw(iv_), 1), 1);
  EXPECT_EQ(EVP_CipherUpdate(seals.get(), Raw(text), &size, Raw(text), 20), 1);
  EXPECT_NE(EVP_CipherUpdate(seals.get(), Raw(text), &size, Raw(text), 20), 1);
  ASSERT_EQ(EVP_CipherInit_ex(seals.get(), nullptr, nullptr, nullptr, nullptr, 1), 1);
  EXPECT_NE(EVP_CipherUpdate(seals.get(), Raw(text), &size, Raw(text), 20), 1);
}

TEST_F(VectorGcmTest, AnythingButARecordIsRefused) {
  const Cipher cipher = Fetch(library_.properties);
  const Context seals = Begin(cipher, true);
  std::string tag(kTag, '\0');
  EXPECT_NE(EVP_CIPHER_CTX_ctrl(seals.get(), EVP_CTRL_AEAD_GET_TAG, kTag, tag.data()), 1);
  EXPECT_NE(EVP_CIPHER_CTX_ctrl(seals.get(), EVP_CTRL_AEAD_SET_IVLEN, 16, nullptr), 1);
  EXPECT_EQ(EVP_CIPHER_CTX_ctrl(seals.get(), EVP_CTRL_AEAD_SET_IVLEN, 12, nullptr), 1);
  ASSERT_EQ(EVP_CipherInit_ex(seals.get(), nullptr, nullptr, nullptr, Raw(iv_), 1), 1);
  int size = 0;
  EXPECT_NE(EVP_CipherFinal_ex(seals.get(), nullptr, &size), 1);
  const std::string header(33, 'h');
  EXPECT_NE(EVP_CipherUpdate(seals.get(), nullptr, &size, Raw(header), 33), 1);

  const Context opens = Begin(cipher, false);  // Before the tag is known nothing opens.
  ASSERT_EQ(EVP_CipherInit_ex(opens.get(), nullptr, nullptr, nullptr, Raw(iv_), 0), 1);
  std::string text(20, 'a');
  EXPECT_NE(EVP_CipherUpdate(opens.get(), Raw(text), &size, Raw(text), 20), 1);
}

/// Two ends of a connection in memory.
class VectorGcmTlsTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (FastTlsLibrary().context == nullptr) GTEST_SKIP() << "not on this machine";
    TestCertificate({.names = "DNS:localhost"}).Write(folder_.path(), "hub");
  }

  SslContext Make(TlsLibrary library, const SSL_METHOD* method) {
    SslContext made(SSL_CTX_new_ex(library.context, library.properties, method), &SSL_CTX_free);
    EXPECT_EQ(SSL_CTX_set_min_proto_version(made.get(), GetParam()), 1);
    EXPECT_EQ(SSL_CTX_set_max_proto_version(made.get(), GetParam()), 1);
    EXPECT_EQ(SSL_CTX_set_ciphersuites(made.get(), "TLS_AES_128_GCM_SHA256"), 1);
    EXPECT_EQ(SSL_CTX_set_cipher_list(made.get(), "ECDHE+AESGCM+AES128"), 1);
    return made;
  }

  /// Hands `text` from one end to the other; what arrived.
  std::string Pass(SSL* from, SSL* to, const std::string& text) {
    std::string arrived;
    std::size_t sent = 0;
    std::array<char, 20'000> piece;
    while (arrived.size() < text.size()) {
      if (sent < text.size()) {
        const int size = static_cast<int>(std::min<std::size_t>(text.size() - sent, 17'000));
        const int written = SSL_write(from, text.data() + sent, size);
        if (written > 0) sent += static_cast<std::size_t>(written);
      }
      const int read = SSL_read(to, piece.data(), piece.size());
      if (read <= 0 && SSL_get_error(to, read) != SSL_ERROR_WANT_READ) return arrived;
      if (read > 0) arrived.append(piece.data(), static_cast<std::size_t>(read));
    }
    return arrived;
  }

  void TalkBetween(TlsLibrary servers, TlsLibrary clients) {
    const SslContext server_context = Make(servers, TLS_server_method());
    const SslContext client_context = Make(clients, TLS_client_method());
    const auto path = [&](const char* name) { return (folder_.path() / name).string(); };
    ASSERT_EQ(SSL_CTX_use_certificate_chain_file(server_context.get(), path("hub.crt").c_str()), 1);
    ASSERT_EQ(SSL_CTX_use_PrivateKey_file(server_context.get(), path("hub.key").c_str(),
                                          SSL_FILETYPE_PEM),
              1);
    const Ssl server(SSL_new(server_context.get()), &SSL_free);
    const Ssl client(SSL_new(client_context.get()), &SSL_free);
    BIO* server_end = nullptr;
    BIO* client_end = nullptr;
    ASSERT_EQ(BIO_new_bio_pair(&server_end, 40'000, &client_end, 40'000), 1);
    SSL_set_bio(server.get(), server_end, server_end);
    SSL_set_bio(client.get(), client_end, client_end);
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    for (int i = 0;
         i < 20 && !(SSL_is_init_finished(server.get()) && SSL_is_init_finished(client.get()));
         ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    ASSERT_TRUE(SSL_is_init_finished(client.get()));
    EXPECT_EQ(SSL_version(client.get()), GetParam());
    EXPECT_EQ(SSL_CIPHER_get_cipher_nid(SSL_get_current_cipher(client.get())), NID_aes_128_gcm);
    for (const std::size_t size : {1, 15, 16, 1000, 16'384, 300'000}) {
      const std::string text = Pattern(size, 5);
      EXPECT_EQ(Pass(client.get(), server.get(), text), text);
      EXPECT_EQ(Pass(server.get(), client.get(), text), text);
    }
    if (GetParam() != TLS1_3_VERSION) return;
    ASSERT_EQ(SSL_key_update(client.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_EQ(Pass(client.get(), server.get(), "with new keys"), "with new keys");
    EXPECT_EQ(Pass(server.get(), client.get(), "back"), "back");
  }

  berth::testing::TempFolder folder_;
};

TEST_P(VectorGcmTlsTest, SpeaksWithOpenSsl) {
  TalkBetween(FastTlsLibrary(), {});
  TalkBetween({}, FastTlsLibrary());
  TalkBetween(FastTlsLibrary(), FastTlsLibrary());
}

INSTANTIATE_TEST_SUITE_P(Versions, VectorGcmTlsTest,
                         ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

}  // namespace
}  // namespace berth::net
