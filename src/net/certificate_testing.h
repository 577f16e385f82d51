// For tests: certificates made on the spot, signed by themselves or by an authority of the test.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace berth::net::testing {

/// A certificate with its key, as PEM text.
class TestCertificate {
 public:
  struct Options {
    std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";  ///< subjectAltName.
    bool is_authority = false;
    long days_from_now = 1;                   ///< Until when it is valid.
    const TestCertificate* issuer = nullptr;  ///< Null: signed by itself.
    std::string common_name = "berth test";
  };

  explicit TestCertificate(const Options& options) {
    key_.reset(EVP_EC_gen("P-256"));
    certificate_.reset(X509_new());
    X509* const x = certificate_.get();
    X509_set_version(x, 2);
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -30L * 24 * 3600);
    X509_gmtime_adj(X509_getm_notAfter(x), options.days_from_now * 24 * 3600);
    X509_set_pubkey(x, key_.get());
    X509_NAME* const name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(options.common_name.c_str()),
                               -1, -1, 0);
    const TestCertificate& issuer = options.issuer == nullptr ? *this : *options.issuer;
    X509_set_issuer_name(x, X509_get_subject_name(issuer.certificate_.get()));
    Extend(NID_basic_constraints, options.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!options.names.empty()) Extend(NID_subject_alt_name, options.names);
    if (X509_sign(x, issuer.key_.get(), EVP_sha256()) == 0) throw std::runtime_error("X509_sign");
  }

  std::string CertificatePem() const {
    return ToPem([this](BIO* bio) { return PEM_write_bio_X509(bio, certificate_.get()); });
  }
  std::string KeyPem() const {
    return ToPem([this](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  /// Writes NAME.crt and NAME.key into `folder`.
  void Write(const std::filesystem::path& folder, const std::string& name) const {
    std::ofstream(folder / (name + ".crt")) << CertificatePem();
    std::ofstream(folder / (name + ".key")) << KeyPem();
  }

 private:
  void Extend(int nid, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    if (extension == nullptr) throw std::runtime_error("bad extension: " + value);
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }

  template <class Writer>
  static std::string ToPem(Writer writer) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    if (writer(bio.get()) != 1) throw std::runtime_error("PEM_write");
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{nullptr, &EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> certificate_{nullptr, &X509_free};
};

}  // namespace berth::net::testing
