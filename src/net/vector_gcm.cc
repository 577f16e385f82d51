#include "net/vector_gcm.h"

#if __has_include(<intel-ipsec-mb.h>)

#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

#include "base/log.h"

namespace berth::net {
namespace {

constexpr const char* kLibrary = "libIPSec_MB.so.1";
constexpr const char* kProperties = "?provider=berth";
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kIvBytes = 12;
constexpr std::size_t kTagBytes = 16;
/// TLS 1.3 authenticates the five bytes in front of a record.
constexpr std::size_t kMostAad = 32;

/// The functions of libipsec-mb; null until they were found. Written once, before any context.
const IMB_MGR* functions = nullptr;
/// OpenSSL's own AES-128-GCM, for TLS 1.2.
EVP_CIPHER* own_cipher = nullptr;

/// The state of one direction of a connection, as libssl uses a cipher with TLS 1.3: a key, then
/// for each record its nonce, the header, the whole record at once, the tag.
///
/// TLS 1.2 has a nonce and a header of another shape and is rare: OpenSSL's own cipher does it.
class RecordCipher {
 public:
  ~RecordCipher() {
    EVP_CIPHER_CTX_free(tls12_);
    OPENSSL_cleanse(&key_, sizeof key_);
    OPENSSL_cleanse(raw_key_.data(), raw_key_.size());
  }
  RecordCipher() = default;
  RecordCipher(const RecordCipher&) = delete;
  RecordCipher& operator=(const RecordCipher&) = delete;

  bool Init(bool seals, std::span<const std::uint8_t> key, std::span<const std::uint8_t> iv) {
    seals_ = seals;
    aad_size_ = 0;
    stage_ = Stage::kBefore;
    if (!key.empty()) {
      if (key.size() != kKeyBytes) return false;
      std::ranges::copy(key, raw_key_.begin());
      IMB_AES128_GCM_PRE(functions, raw_key_.data(), &key_);
      has_key_ = true;
    }
    if (!iv.empty()) {
      if (iv.size() != kIvBytes) return false;
      std::ranges::copy(iv, iv_.begin());
      has_iv_ = true;
    }
    return true;
  }

  bool Authenticate(std::span<const std::uint8_t> header) {
    if (stage_ != Stage::kBefore || header.size() > aad_.size() - aad_size_) return false;
    std::ranges::copy(header, aad_.begin() + static_cast<std::ptrdiff_t>(aad_size_));
    aad_size_ += header.size();
    return true;
  }

  /// Seals or opens a record, also in place. What does not open is wiped.
  bool Apply(const std::uint8_t* in, std::uint8_t* out, std::size_t size) {
    if (stage_ != Stage::kBefore || !has_key_ || !has_iv_ || (!seals_ && !has_tag_)) return false;
    has_iv_ = false;  // A nonce serves once.
    gcm_context_data state;
    std::array<std::uint8_t, kTagBytes> tag;
    const auto apply = seals_ ? functions->gcm128_enc : functions->gcm128_dec;
    apply(&key_, &state, out, in, size, iv_.data(), aad_.data(), aad_size_, tag.data(), tag.size());
    OPENSSL_cleanse(&state, sizeof state);
    if (seals_) {
      tag_ = tag;
      stage_ = Stage::kGood;
      return true;
    }
    has_tag_ = false;
    if (CRYPTO_memcmp(tag.data(), tag_.data(), tag.size()) != 0) {
      OPENSSL_cleanse(out, size);
      stage_ = Stage::kBad;
      return false;
    }
    stage_ = Stage::kGood;
    return true;
  }
  bool is_good() const { return stage_ == Stage::kGood; }

  bool ExpectTag(std::span<const std::uint8_t> tag) {
    if (tag.size() != kTagBytes) return false;
    std::ranges::copy(tag, tag_.begin());
    has_tag_ = true;
    return true;
  }
  /// REQUIRES: sealed, is_good().
  std::span<const std::uint8_t> tag() const { return tag_; }
  bool seals() const { return seals_; }

  /// Goes on as OpenSSL's own cipher with the same key.
  bool BecomeTls12() {
    if (tls12_ != nullptr) return true;
    tls12_ = EVP_CIPHER_CTX_new();
    return has_key_ && tls12_ != nullptr &&
           EVP_CipherInit_ex2(tls12_, own_cipher, raw_key_.data(), nullptr, seals_ ? 1 : 0,
                              nullptr) == 1;
  }
  EVP_CIPHER_CTX* tls12() const { return tls12_; }

 private:
  enum class Stage { kBefore, kGood, kBad };

  gcm_key_data key_;  ///< First, for its alignment.
  std::array<std::uint8_t, kKeyBytes> raw_key_{};
  std::array<std::uint8_t, kIvBytes> iv_{};
  std::array<std::uint8_t, kMostAad> aad_{};
  std::array<std::uint8_t, kTagBytes> tag_{};
  std::size_t aad_size_ = 0;
  EVP_CIPHER_CTX* tls12_ = nullptr;
  bool seals_ = false;
  bool has_key_ = false;
  bool has_iv_ = false;
  bool has_tag_ = false;
  Stage stage_ = Stage::kBefore;
};

// What follows is called by OpenSSL, through C: nothing may be thrown.

RecordCipher& Self(void* context) { return *static_cast<RecordCipher*>(context); }

void* NewContext(void*) noexcept { return new (std::nothrow) RecordCipher; }
void FreeContext(void* context) noexcept { delete static_cast<RecordCipher*>(context); }

int SetParameters(void* context, const OSSL_PARAM parameters[]) noexcept {
  RecordCipher& self = Self(context);
  if (parameters == nullptr) return 1;
  if (OSSL_PARAM_locate_const(parameters, OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED) != nullptr &&
      !self.BecomeTls12()) {
    return 0;
  }
  if (self.tls12() != nullptr) return EVP_CIPHER_CTX_set_params(self.tls12(), parameters);
  if (const auto* tag = OSSL_PARAM_locate_const(parameters, OSSL_CIPHER_PARAM_AEAD_TAG)) {
    if (tag->data_type != OSSL_PARAM_OCTET_STRING) return 0;
    // Without data it says how long tags are to be.
    if (tag->data == nullptr) return tag->data_size == kTagBytes ? 1 : 0;
    if (!self.ExpectTag({static_cast<const std::uint8_t*>(tag->data), tag->data_size})) return 0;
  }
  if (const auto* size = OSSL_PARAM_locate_const(parameters, OSSL_CIPHER_PARAM_AEAD_IVLEN)) {
    std::size_t wanted = 0;
    if (OSSL_PARAM_get_size_t(size, &wanted) != 1 || wanted != kIvBytes) return 0;
  }
  return 1;
}

int GetParameters(void* context, OSSL_PARAM parameters[]) noexcept {
  const RecordCipher& self = Self(context);
  if (self.tls12() != nullptr) return EVP_CIPHER_CTX_get_params(self.tls12(), parameters);
  const auto set = [&](const char* name, std::size_t value) {
    OSSL_PARAM* const wanted = OSSL_PARAM_locate(parameters, name);
    return wanted == nullptr || OSSL_PARAM_set_size_t(wanted, value) == 1;
  };
  if (!set(OSSL_CIPHER_PARAM_KEYLEN, kKeyBytes) || !set(OSSL_CIPHER_PARAM_IVLEN, kIvBytes) ||
      !set(OSSL_CIPHER_PARAM_AEAD_TAGLEN, kTagBytes)) {
    return 0;
  }
  OSSL_PARAM* const tag = OSSL_PARAM_locate(parameters, OSSL_CIPHER_PARAM_AEAD_TAG);
  if (tag == nullptr) return 1;
  if (!self.seals() || !self.is_good() || tag->data_size != kTagBytes) return 0;
  return OSSL_PARAM_set_octet_string(tag, self.tag().data(), kTagBytes);
}

int Init(bool seals, void* context, const unsigned char* key, std::size_t key_size,
         const unsigned char* iv, std::size_t iv_size, const OSSL_PARAM parameters[]) {
  const auto view = [](const unsigned char* text, std::size_t size) {
    return text == nullptr ? std::span<const std::uint8_t>() : std::span(text, size);
  };
  return Self(context).Init(seals, view(key, key_size), view(iv, iv_size))
             ? SetParameters(context, parameters)
             : 0;
}
int InitSeal(void* context, const unsigned char* key, std::size_t key_size, const unsigned char* iv,
             std::size_t iv_size, const OSSL_PARAM parameters[]) noexcept {
  return Init(true, context, key, key_size, iv, iv_size, parameters);
}
int InitOpen(void* context, const unsigned char* key, std::size_t key_size, const unsigned char* iv,
             std::size_t iv_size, const OSSL_PARAM parameters[]) noexcept {
  return Init(false, context, key, key_size, iv, iv_size, parameters);
}

int Update(void* context, unsigned char* out, std::size_t* out_size, std::size_t room,
           const unsigned char* in, std::size_t size) noexcept {
  RecordCipher& self = Self(context);
  if (self.tls12() != nullptr) {
    int made = 0;
    const int done = EVP_CipherUpdate(self.tls12(), out, &made, in, static_cast<int>(size));
    *out_size = static_cast<std::size_t>(std::max(made, 0));
    return done;
  }
  *out_size = size;
  if (out == nullptr) return self.Authenticate({in, size}) ? 1 : 0;
  return room >= size && self.Apply(in, out, size) ? 1 : 0;
}

int Final(void* context, unsigned char*, std::size_t* out_size, std::size_t) noexcept {
  *out_size = 0;
  return Self(context).tls12() == nullptr && Self(context).is_good() ? 1 : 0;
}

int GetConstants(OSSL_PARAM parameters[]) noexcept {
  const auto set = [&](const char* name, auto setter, auto value) {
    OSSL_PARAM* const wanted = OSSL_PARAM_locate(parameters, name);
    return wanted == nullptr || setter(wanted, value) == 1;
  };
  return set(OSSL_CIPHER_PARAM_MODE, OSSL_PARAM_set_uint, unsigned{EVP_CIPH_GCM_MODE}) &&
                 set(OSSL_CIPHER_PARAM_KEYLEN, OSSL_PARAM_set_size_t, kKeyBytes) &&
                 set(OSSL_CIPHER_PARAM_IVLEN, OSSL_PARAM_set_size_t, kIvBytes) &&
                 set(OSSL_CIPHER_PARAM_BLOCK_SIZE, OSSL_PARAM_set_size_t, std::size_t{1}) &&
                 set(OSSL_CIPHER_PARAM_AEAD, OSSL_PARAM_set_int, 1) &&
                 set(OSSL_CIPHER_PARAM_CUSTOM_IV, OSSL_PARAM_set_int, 1)
             ? 1
             : 0;
}

template <class Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* Query(void*, int operation, int* no_cache) noexcept {
  static const std::array<OSSL_DISPATCH, 10> dispatch = {
      Entry(OSSL_FUNC_CIPHER_NEWCTX, &NewContext),
      Entry(OSSL_FUNC_CIPHER_FREECTX, &FreeContext),
      Entry(OSSL_FUNC_CIPHER_ENCRYPT_INIT, &InitSeal),
      Entry(OSSL_FUNC_CIPHER_DECRYPT_INIT, &InitOpen),
      Entry(OSSL_FUNC_CIPHER_UPDATE, &Update),
      Entry(OSSL_FUNC_CIPHER_FINAL, &Final),
      Entry(OSSL_FUNC_CIPHER_GET_PARAMS, &GetConstants),
      Entry(OSSL_FUNC_CIPHER_GET_CTX_PARAMS, &GetParameters),
      Entry(OSSL_FUNC_CIPHER_SET_CTX_PARAMS, &SetParameters),
      {0, nullptr}};
  static const std::array<OSSL_ALGORITHM, 2> ciphers = {
      OSSL_ALGORITHM{"AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6", "provider=berth",
                     dispatch.data(), "AES-128-GCM of libipsec-mb"},
      OSSL_ALGORITHM{}};
  *no_cache = 0;
  return operation == OSSL_OP_CIPHER ? ciphers.data() : nullptr;
}

int InitProvider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH*, const OSSL_DISPATCH** out,
                 void** context) noexcept {
  static const std::array<OSSL_DISPATCH, 2> dispatch = {
      Entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, &Query), OSSL_DISPATCH{}};
  *out = dispatch.data();
  *context = const_cast<OSSL_CORE_HANDLE*>(handle);  // Not null: that would be a failure.
  return 1;
}

/// Null, and why, where it cannot be used.
const IMB_MGR* Load(const char*& why_not) {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  why_not = "libipsec-mb1 is not installed";
  if (library == nullptr) return nullptr;
  const auto allocate = reinterpret_cast<decltype(&alloc_mb_mgr)>(dlsym(library, "alloc_mb_mgr"));
  const auto initialise =
      reinterpret_cast<decltype(&init_mb_mgr_auto)>(dlsym(library, "init_mb_mgr_auto"));
  const auto version =
      reinterpret_cast<decltype(&imb_get_version)>(dlsym(library, "imb_get_version"));
  why_not = "this libipsec-mb1 is not the one that berth was built with";
  // The table of functions has grown with each version.
  if (allocate == nullptr || initialise == nullptr || version == nullptr ||
      version() != IMB_VERSION_NUM) {
    return nullptr;
  }
  IMB_MGR* const made = allocate(0);
  why_not = "the processor has no VAES";
  if (made == nullptr) return nullptr;
  IMB_ARCH used{};
  initialise(made, &used);
  constexpr auto kNeeded = IMB_FEATURE_AVX512_SKX | IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;
  return used == IMB_ARCH_AVX512 && (made->features & kNeeded) == kNeeded ? made : nullptr;
}

constexpr std::array<std::uint8_t, kKeyBytes> kTrialKey = {1, 2, 3};
constexpr std::array<std::uint8_t, kIvBytes> kTrialIv = {4, 5, 6};
constexpr std::array<std::uint8_t, 5> kTrialHeader = {23, 3, 3, 1, 44};
using Trial = std::array<std::uint8_t, 300>;

/// Seals, or opens, the record in place by the cipher of that provider.
bool Try(OSSL_LIB_CTX* library, const char* properties, bool seals, Trial& record,
         std::array<std::uint8_t, kTagBytes>& tag) {
  EVP_CIPHER* const cipher = EVP_CIPHER_fetch(library, "AES-128-GCM", properties);
  EVP_CIPHER_CTX* const made = EVP_CIPHER_CTX_new();
  const auto pass_tag = [&](int command) {
    return EVP_CIPHER_CTX_ctrl(made, command, kTagBytes, tag.data()) == 1;
  };
  int size = 0;
  const bool is_done =
      EVP_CipherInit_ex2(made, cipher, kTrialKey.data(), kTrialIv.data(), seals, nullptr) == 1 &&
      (seals || pass_tag(EVP_CTRL_AEAD_SET_TAG)) &&
      EVP_CipherUpdate(made, nullptr, &size, kTrialHeader.data(), kTrialHeader.size()) == 1 &&
      EVP_CipherUpdate(made, record.data(), &size, record.data(), record.size()) == 1 &&
      EVP_CipherFinal_ex(made, record.data() + size, &size) == 1 &&
      (!seals || pass_tag(EVP_CTRL_AEAD_GET_TAG));
  EVP_CIPHER_CTX_free(made);
  EVP_CIPHER_free(cipher);
  return is_done;
}

/// A record of OpenSSL's must be the same here, and open again.
bool AgreesWithOpenSsl(OSSL_LIB_CTX* library) {
  Trial text;
  for (std::size_t at = 0; at < text.size(); ++at) text[at] = static_cast<std::uint8_t>(at * 7);
  Trial ours = text;
  Trial theirs = text;
  std::array<std::uint8_t, kTagBytes> our_tag{};
  std::array<std::uint8_t, kTagBytes> their_tag{};
  return Try(library, "provider=berth", true, ours, our_tag) &&
         Try(library, "provider=default", true, theirs, their_tag) && ours == theirs &&
         our_tag == their_tag && Try(library, "provider=berth", false, theirs, their_tag) &&
         theirs == text;
}

/// OpenSSL as it comes: a system that is configured for other providers (FIPS, a key store) means
/// TLS to use them.
bool IsOpenSslPlain() {
  const auto is_of_its_own = [](OSSL_PROVIDER* provider, void*) {
    const std::string_view name = OSSL_PROVIDER_get0_name(provider);
    return name == "default" || name == "base" || name == "legacy" ? 1 : 0;
  };
  return EVP_default_properties_is_fips_enabled(nullptr) == 0 &&
         OSSL_PROVIDER_do_all(nullptr, is_of_its_own, nullptr) == 1;
}

TlsLibrary Make() {
  if (!IsOpenSslPlain()) {
    LogDebug("TLS: AES-GCM is that of the system's own providers of OpenSSL");
    return {};
  }
  const char* why_not = nullptr;
  functions = Load(why_not);
  if (functions == nullptr) {
    LogDebug("TLS: AES-GCM is OpenSSL's: {}", why_not);
    return {};
  }
  OSSL_LIB_CTX* const context = OSSL_LIB_CTX_new();
  const bool is_made = context != nullptr &&
                       OSSL_PROVIDER_add_builtin(context, "berth", &InitProvider) == 1 &&
                       OSSL_PROVIDER_load(context, "default") != nullptr &&
                       OSSL_PROVIDER_load(context, "berth") != nullptr;
  if (is_made) own_cipher = EVP_CIPHER_fetch(context, "AES-128-GCM", "provider=default");
  if (!is_made || own_cipher == nullptr || !AgreesWithOpenSsl(context)) {
    LogWarn("TLS: AES-GCM is OpenSSL's: libipsec-mb1 does not do what it should");
    return {};
  }
  LogDebug("TLS: AES-GCM by vector instructions");
  return {.context = context, .properties = kProperties};
}

}  // namespace

TlsLibrary FastTlsLibrary() {
  static const TlsLibrary made = Make();
  return made;
}

}  // namespace berth::net

#else

namespace berth::net {
TlsLibrary FastTlsLibrary() { return {}; }
}  // namespace berth::net

#endif
