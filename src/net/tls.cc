#include "net/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdio>

#include "base/encoding.h"
#include "base/log.h"
#include "net/address.h"
#include "net/tls_stream.h"
#include "net/vector_gcm.h"

namespace berth::net {
namespace {

// AES-128-GCM first: the processors that both sides run on have instructions for it, and 256 bits
// cost 40 % more for nothing that matters here.
constexpr const char* kTls13Ciphers =
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

/// What the callbacks of a context need, with the same life: streams hold it, OpenSSL points to it.
struct ContextState {
  SSL_CTX* context = nullptr;
  std::string alpn;  ///< Length-prefixed names.
  std::optional<Sha256Digest> pin;

  ContextState() = default;
  ~ContextState() { SSL_CTX_free(context); }
  ContextState(const ContextState&) = delete;
  ContextState& operator=(const ContextState&) = delete;
};

std::string LastError() {
  const unsigned long code = ERR_peek_last_error();
  const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return text == nullptr ? "unknown failure" : text;
}

std::string ToWire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    wire.push_back(static_cast<char>(name.size()));
    wire += name;
  }
  return wire;
}

Result<std::shared_ptr<ContextState>> MakeContext(const SSL_METHOD* method) {
  auto state = std::make_shared<ContextState>();
  const TlsLibrary library = FastTlsLibrary();
  state->context = SSL_CTX_new_ex(library.context, library.properties, method);
  SSL_CTX* const context = state->context;
  if (context == nullptr) return Internal(fmt::format("tls: {}", LastError()));
  // The system may ask for more.
  if (SSL_CTX_get_min_proto_version(context) < TLS1_2_VERSION) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  }
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // Tickets still work.
  if (SSL_CTX_set_ciphersuites(context, kTls13Ciphers) != 1 ||
      SSL_CTX_set_cipher_list(context, kTls12Ciphers) != 1) {
    return Internal(fmt::format("tls: choose ciphers: {}", LastError()));
  }
  return state;
}

int ChooseAlpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
               const unsigned char* offered, unsigned int offered_size, void* argument) {
  const std::string& ours = static_cast<const ContextState*>(argument)->alpn;
  unsigned char* match = nullptr;
  const int found = SSL_select_next_proto(
      &match, chosen_size, reinterpret_cast<const unsigned char*>(ours.data()),
      static_cast<unsigned int>(ours.size()), offered, offered_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

std::optional<Sha256Digest> PinOf(const X509* certificate) {
  unsigned char* der = nullptr;
  const X509_PUBKEY* const key =
      certificate == nullptr ? nullptr : X509_get_X509_PUBKEY(certificate);
  const int size = key == nullptr ? -1 : i2d_X509_PUBKEY(key, &der);
  if (size < 0) return std::nullopt;
  const auto digest = Sha256(std::as_bytes(std::span(der, static_cast<std::size_t>(size))));
  OPENSSL_free(der);
  return digest;
}

int VerifyPinnedKey(X509_STORE_CTX* verification, void* argument) {
  const auto& pin = static_cast<const ContextState*>(argument)->pin;
  const auto found = PinOf(X509_STORE_CTX_get0_cert(verification));
  const bool is_pinned = pin && found && *pin == *found;
  X509_STORE_CTX_set_error(verification,
                           is_pinned ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
  return is_pinned ? 1 : 0;
}

/// Never ask for a pass phrase on the terminal.
int NoPassPhrase(char*, int, int, void*) { return 0; }

/// OpenSSL's own words tell a missing or unreadable file from a bad one poorly.
Result<void> CheckReadable(const std::string& what, const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return Invalid(FromErrno(errno, fmt::format("{} {}", what, path)).message);
  std::fclose(file);
  return Ok();
}

std::shared_ptr<SSL_CTX> Share(std::shared_ptr<ContextState> state) {
  SSL_CTX* const context = state->context;
  return {std::move(state), context};
}

Result<std::shared_ptr<SSL_CTX>> LoadServer(const TlsServer::Options& options) {
  for (const auto& [what, path] :
       {std::pair{"certificate", &options.certificate_file}, std::pair{"key", &options.key_file}}) {
    auto readable = CheckReadable(what, *path);
    if (!readable) return std::move(readable).error();
  }
  auto state = MakeContext(TLS_server_method());
  if (!state) return std::move(state).error();
  SSL_CTX* const context = (*state)->context;
  SSL_CTX_set_default_passwd_cb(context, &NoPassPhrase);
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1) {
    return Invalid(
        fmt::format("certificate {}: it holds no certificate in PEM form that can be "
                    "used ({})",
                    options.certificate_file, LastError()));
  }
  const bool is_key =
      SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  if (!is_key && ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH) {
    return Invalid(
        fmt::format("key {0}: it holds no private key in PEM form that can be used ({1}); "
                    "of one with a pass phrase make a copy without: openssl pkey -in {0} "
                    "-out COPY",
                    options.key_file, LastError()));
  }
  if (!is_key || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return Invalid(fmt::format("key {}: it does not belong to the certificate {}", options.key_file,
                               options.certificate_file));
  }
  if (X509_cmp_current_time(X509_get0_notAfter(SSL_CTX_get0_certificate(context))) < 0) {
    LogWarn("the certificate {} has expired", options.certificate_file);
  }
  SSL_CTX_set_num_tickets(context, 1);
  (*state)->alpn = ToWire(options.alpn);
  if (!options.alpn.empty()) SSL_CTX_set_alpn_select_cb(context, &ChooseAlpn, state->get());
  return Share(std::move(*state));
}

}  // namespace

Result<std::unique_ptr<TlsServer>> TlsServer::Create(Options options) {
  std::unique_ptr<TlsServer> server(new TlsServer(std::move(options)));
  auto loaded = server->Reload();
  if (!loaded) return std::move(loaded).error();
  return server;
}

TlsServer::~TlsServer() = default;

Result<void> TlsServer::Reload() {
  auto context = LoadServer(options_);
  if (!context) return std::move(context).error();
  const std::lock_guard lock(mutex_);
  context_ = std::move(*context);
  return Ok();
}

Sha256Digest TlsServer::KeyPin() const {
  const std::lock_guard lock(mutex_);
  return PinOf(SSL_CTX_get0_certificate(context_.get())).value();
}

bool TlsServer::IsFor(const std::string& host) const {
  const std::lock_guard lock(mutex_);
  X509* const certificate = SSL_CTX_get0_certificate(context_.get());
  if (IsIpAddress(host)) return X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
  constexpr unsigned kAsBrowsers =
      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
  return X509_check_host(certificate, host.data(), host.size(), kAsBrowsers, nullptr) == 1;
}

Result<StreamPtr> TlsServer::Accept(std::unique_ptr<TcpStream> stream, const Limits& limits) {
  std::shared_ptr<SSL_CTX> context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  Peer peer = stream->peer();
  auto made = TlsStream::Create(std::move(context), TlsStream::Role::kAccepting,
                                std::move(*stream).TakeSocket(), std::move(peer), limits);
  if (!made) return std::move(made).error();
  return StreamPtr(std::move(*made));
}

Result<std::unique_ptr<TlsClient>> TlsClient::Create(Options options) {
  auto state = MakeContext(TLS_client_method());
  if (!state) return std::move(state).error();
  SSL_CTX* const context = (*state)->context;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options.pinned_key) {
    (*state)->pin = options.pinned_key;
    SSL_CTX_set_cert_verify_callback(context, &VerifyPinnedKey, state->get());
  } else {
    (void)SSL_CTX_set_default_verify_paths(context);  // A machine without authorities may be right.
    ERR_clear_error();
    if (!options.authority_file.empty()) {
      auto readable = CheckReadable("authority file", options.authority_file);
      if (!readable) return std::move(readable).error();
      if (SSL_CTX_load_verify_locations(context, options.authority_file.c_str(), nullptr) != 1) {
        return Invalid(fmt::format("authority file {}: it holds no certificate in PEM form",
                                   options.authority_file));
      }
      // A certificate is trusted that stands in the file, whoever issued it.
      X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    }
  }
  return std::unique_ptr<TlsClient>(new TlsClient(Share(std::move(*state))));
}

TlsClient::~TlsClient() = default;

Task<Result<StreamPtr>> TlsClient::Connect(std::unique_ptr<TcpStream> stream,
                                           std::string server_name, std::vector<std::string> alpn,
                                           const Limits& limits) const {
  if (server_name.ends_with('.')) server_name.pop_back();
  Peer peer = stream->peer();
  auto made = TlsStream::Create(context_, TlsStream::Role::kConnecting,
                                std::move(*stream).TakeSocket(), std::move(peer), limits);
  if (!made) co_return std::move(made).error();
  SSL* const ssl = (*made)->ssl();
  bool is_set = true;
  if (IsIpAddress(server_name)) {
    is_set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name.c_str()) == 1;
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    is_set = !server_name.empty() && SSL_set1_host(ssl, server_name.c_str()) == 1 &&
             SSL_set_tlsext_host_name(ssl, server_name.c_str()) == 1;
  }
  const std::string wire = ToWire(alpn);
  // This one function returns 0 for success.
  if (!wire.empty() && SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(wire.data()),
                                           static_cast<unsigned int>(wire.size())) != 0) {
    is_set = false;
  }
  if (!is_set) co_return Invalid(fmt::format("tls: bad host name \"{}\"", ForLog(server_name)));
  auto done = co_await (*made)->Handshake();
  if (!done) {
    co_return Wrap(std::move(done).error(), fmt::format("connect to {}", ForLog(server_name)));
  }
  co_return StreamPtr(std::move(*made));
}

Result<Sha256Digest> ParsePinnedKey(std::string_view text) {
  const Error bad = Invalid("pinned key: want 64 hexadecimal digits, or base64 of 32 bytes");
  if (text.starts_with("sha256/") || text.starts_with("sha256:")) text.remove_prefix(7);
  std::string normal;
  for (const char c : text) {
    if (c == '=') continue;
    normal.push_back(c == '+' ? '-' : c == '/' ? '_' : c);
  }
  auto bytes = Base64UrlDecode(normal);
  if (text.size() == 64) {
    for (char& c : normal) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    bytes = HexDecode(normal);
  }
  Sha256Digest digest;
  if (!bytes || bytes->size() != digest.size()) return bad;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

}  // namespace berth::net
