// What the tools of bench/ share: blocking connections, plain or with TLS, and the end of a head.
// Deliberately not berth's own code, so that the yardstick does not move with what it measures.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::bench {

/// Prints `what` and ends the program.
[[noreturn]] inline void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// Prints `what` and `more`, and ends the program.
[[noreturn]] inline void Fail(const char* what, std::string_view more = {}) {
  std::fprintf(stderr, "%s %.*s\n", what, static_cast<int>(more.size()), more.data());
  std::exit(1);
}

inline sockaddr_in AddressOf(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) Fail("no IPv4 address:", host);
  return address;
}

inline void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// One suite for every subject (the cheapest with AES instructions), so that none is measured with
/// another's choice. Lives as long as the program.
inline SSL_CTX* TlsContext(const SSL_METHOD* method) {
  SSL_CTX* context = SSL_CTX_new(method);
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

/// For connecting: certificates are not looked at. That is not what is measured.
inline SSL_CTX* TlsClientContext() {
  static SSL_CTX* const context = TlsContext(TLS_client_method());
  return context;
}

/// A connection that blocks, plain or TLS. Owns its socket.
class Channel {
 public:
  /// Takes `fd` over; TLS if `ssl`, which it takes over too, after its handshake.
  explicit Channel(int fd, SSL* ssl = nullptr) : fd_(fd), ssl_(ssl) {}
  Channel(Channel&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), ssl_(std::exchange(other.ssl_, nullptr)) {}
  Channel& operator=(Channel&&) = delete;
  ~Channel() {
    SSL_free(ssl_);
    if (fd_ >= 0) close(fd_);
  }

  /// Ends the program when it fails.
  static Channel Connect(const std::string& host, int port, bool is_tls) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = AddressOf(host, port);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      Die("connect");
    }
    SendAtOnce(fd);
    if (!is_tls) return Channel(fd);
    SSL* ssl = SSL_new(TlsClientContext());
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1) Fail("the TLS handshake failed");
    return Channel(fd, ssl);
  }

  int fd() const { return fd_; }

  /// Whether bytes wait that poll does not show.
  bool HasPending() const { return ssl_ != nullptr && SSL_pending(ssl_) > 0; }

  /// Whether all of it was written.
  bool Write(std::string_view data) {
    while (!data.empty()) {
      const ssize_t n = ssl_ != nullptr
                            ? SSL_write(ssl_, data.data(), static_cast<int>(data.size()))
                            : send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      data.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// Bytes read; 0 or less at the end of the connection.
  ssize_t Read(char* to, std::size_t size) {
    if (ssl_ != nullptr) return SSL_read(ssl_, to, static_cast<int>(size));
    return recv(fd_, to, size, 0);
  }

  /// Reads on into `buffer`; false at the end of the connection.
  bool ReadMore(std::string& buffer) {
    char piece[64 * 1024];
    const ssize_t n = Read(piece, sizeof piece);
    if (n <= 0) return false;
    buffer.append(piece, static_cast<std::size_t>(n));
    return true;
  }

  /// Takes a head, with its final empty line, off the front of `buffer`, reading as needed; "" at
  /// the end of the connection.
  std::string ReadHead(std::string& buffer) {
    std::size_t end;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadMore(buffer)) return {};
    }
    std::string head = buffer.substr(0, end + 4);
    buffer.erase(0, end + 4);
    return head;
  }

 private:
  int fd_;
  SSL* ssl_;
};

/// What the options of every load tool say: where to connect, and "--NAME VALUE" of its own.
struct Target {
  std::string host = "127.0.0.1";
  int port = 0;
  bool is_tls = false;
  std::string fields = {};  // The request's own, each with CRLF.

  Channel Connect() const { return Channel::Connect(host, port, is_tls); }
};

/// The arguments as pairs of NAME and VALUE, without those of `target`, which takes them.
inline std::vector<std::pair<std::string_view, std::string>> ReadOptions(int argc, char** argv,
                                                                         Target& target) {
  std::vector<std::pair<std::string_view, std::string>> others;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--host") {
      target.host = value;
    } else if (name == "--port") {
      target.port = std::atoi(value.c_str());
    } else if (name == "--tls") {
      target.is_tls = value == "on";
    } else if (name == "-H") {
      target.fields += value + "\r\n";
    } else {
      others.emplace_back(name, value);
    }
  }
  return others;
}

/// The value below which `part` of them lie; they are reordered. 0 if there are none.
inline std::uint32_t Percentile(std::vector<std::uint32_t>& values, double part) {
  if (values.empty()) return 0;
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace berth::bench
