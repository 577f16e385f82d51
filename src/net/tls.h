// TLS: the keys and rules of both sides; the connections themselves are TlsStream.
//
// TLS 1.2 and 1.3 only. TlsServer answers handshakes with a certificate that can be replaced while
// it runs; TlsClient verifies whom it reached, against authorities or against one pinned key.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/limits.h"
#include "net/byte_stream.h"
#include "net/tcp.h"

extern "C" {
typedef struct ssl_ctx_st SSL_CTX;
}

namespace berth::net {

/// The accepting side. Accept() and Reload() are safe from any thread.
class TlsServer {
 public:
  struct Options {
    std::string certificate_file;                        ///< PEM: the certificate, then the chain.
    std::string key_file;                                ///< PEM, without pass phrase.
    std::vector<std::string> alpn = {"h2", "http/1.1"};  ///< The first that the peer offers wins.
  };

  /// Reads the files. kInvalid: one is missing, unreadable or damaged; the message says which.
  static Result<std::unique_ptr<TlsServer>> Create(Options options);
  ~TlsServer();

  /// Reads the files again: handshakes that begin later use the new certificate. On failure the old
  /// one stays in use.
  Result<void> Reload();

  /// SHA-256 of the public key in use, for those who pin it (TlsClient::Options::pinned_key).
  Sha256Digest KeyPin() const;

  /// Whether browsers take the certificate in use for `host`: a name, or an IP address without
  /// brackets.
  bool IsFor(const std::string& host) const;

  /// An accepted connection with TLS; its Handshake() comes first. A peer that offers only
  /// protocols that we do not have is refused.
  Result<StreamPtr> Accept(std::unique_ptr<TcpStream> stream, const Limits& limits);

 private:
  explicit TlsServer(Options options) : options_(std::move(options)) {}

  const Options options_;
  mutable std::mutex mutex_;  ///< Guards context_, which loops and Reload share.
  std::shared_ptr<SSL_CTX> context_;
};

/// The connecting side. Safe from any thread; connections share it while they last.
class TlsClient {
 public:
  struct Options {
    /// PEM file of authorities to trust besides the system's; "" for none. SSL_CERT_FILE and
    /// SSL_CERT_DIR replace the system's, as in OpenSSL.
    std::string authority_file = {};
    /// SHA-256 of the public key (SubjectPublicKeyInfo) that the other side must have. It then
    /// stands for everything else: authorities, names and dates do not matter.
    std::optional<Sha256Digest> pinned_key = {};
  };

  static Result<std::unique_ptr<TlsClient>> Create(Options options);
  ~TlsClient();

  /// Turns a connection into TLS within limits.connect_timeout. `server_name` is the name or IP
  /// address that the certificate must be for; `alpn` is what to offer, may be empty.
  /// kInvalid: the certificate is not acceptable; the message says why and what to do.
  Task<Result<StreamPtr>> Connect(std::unique_ptr<TcpStream> stream, std::string server_name,
                                  std::vector<std::string> alpn, const Limits& limits) const;

 private:
  explicit TlsClient(std::shared_ptr<SSL_CTX> context) : context_(std::move(context)) {}

  std::shared_ptr<SSL_CTX> context_;
};

/// Parses a pinned key: 64 hexadecimal digits, or base64 of 32 bytes, with or without "sha256/" or
/// "sha256:" in front.
Result<Sha256Digest> ParsePinnedKey(std::string_view text);

}  // namespace berth::net
