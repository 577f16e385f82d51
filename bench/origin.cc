// bench_origin ADDRESS PORT [CERTIFICATE KEY]: the origin of uploads, WebSockets and trickling
// responses, with TLS if it has a certificate. One thread per connection.
//
//   PUT            reads the body and answers with its size
//   GET /trickle   a chunk every 10 ms, 20 in all; each is the time of its sending, in ns
//   an upgrade     a WebSocket that echoes each message
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <strings.h>

#include <chrono>
#include <thread>

#include "wire.h"

namespace berth::bench {
namespace {

/// The value of a field in a head; "" if absent.
std::string FieldOf(std::string_view head, std::string_view name) {
  std::size_t at = 0;
  while ((at = head.find("\r\n", at)) != std::string_view::npos) {
    at += 2;
    const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    if (line.size() <= name.size() || line[name.size()] != ':' ||
        strncasecmp(line.data(), name.data(), name.size()) != 0) {
      continue;
    }
    const std::size_t start = line.find_first_not_of(' ', name.size() + 1);
    return start == std::string_view::npos ? "" : std::string(line.substr(start));
  }
  return {};
}

std::string AcceptKey(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char out[32];
  const int size = EVP_EncodeBlock(out, digest, sizeof digest);
  return {reinterpret_cast<const char*>(out), static_cast<std::size_t>(size)};
}

/// Reads the rest of a body of `size` bytes, of which `buffer` may hold the beginning.
bool Sink(Channel& channel, std::string& buffer, std::uint64_t size) {
  const std::size_t held = std::min<std::uint64_t>(size, buffer.size());
  buffer.erase(0, held);
  size -= held;
  std::vector<char> piece(256 * 1024);
  while (size > 0) {
    const ssize_t n = channel.Read(piece.data(), std::min<std::uint64_t>(size, piece.size()));
    if (n <= 0) return false;
    size -= static_cast<std::uint64_t>(n);
  }
  return true;
}

/// A frame at the front of `input`: the sizes of its header (with the mask) and payload.
struct Frame {
  std::size_t header = 0;
  std::size_t payload = 0;
};

/// Nothing (header 0) while its header is incomplete.
Frame FrameAt(std::string_view input) {
  if (input.size() < 2) return {};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(input[i]); };
  Frame frame{.header = 2, .payload = byte(1) & 0x7FU};
  const std::size_t extra = frame.payload == 126 ? 2 : frame.payload == 127 ? 8 : 0;
  frame.header += extra + 4;
  if (input.size() < frame.header) return {};
  if (extra > 0) frame.payload = 0;
  for (std::size_t i = 0; i < extra; ++i) frame.payload = frame.payload << 8 | byte(2 + i);
  return frame;
}

/// The same frame, unmasked, as the answer.
void AppendEcho(std::string_view input, Frame frame, std::string& out) {
  out.push_back(input[0]);
  out.push_back(static_cast<char>(input[1] & 0x7F));
  out.append(input.substr(2, frame.header - 6));
  const std::string_view mask = input.substr(frame.header - 4, 4);
  for (std::size_t i = 0; i < frame.payload; ++i) {
    out.push_back(static_cast<char>(input[frame.header + i] ^ mask[i % 4]));
  }
}

void Echo(Channel& channel, std::string& buffer) {
  constexpr unsigned kClose = 0x8;
  std::string out;
  for (;;) {
    std::string_view input = buffer;
    bool is_closing = false;
    out.clear();
    for (;;) {
      const Frame frame = FrameAt(input);
      if (frame.header == 0 || input.size() < frame.header + frame.payload) break;
      AppendEcho(input, frame, out);
      is_closing = is_closing || (static_cast<unsigned char>(input[0]) & 0xFU) == kClose;
      input.remove_prefix(frame.header + frame.payload);
    }
    buffer.erase(0, buffer.size() - input.size());
    if (!channel.Write(out) || is_closing || !channel.ReadMore(buffer)) return;
  }
}

/// Whether the client is still there.
bool Trickle(Channel& channel) {
  bool is_open = channel.Write(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; is_open && i < 20; ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    char chunk[64];
    const int size = std::snprintf(chunk, sizeof chunk, "15\r\n%020lld\n\r\n",
                                   static_cast<long long>(now / std::chrono::nanoseconds(1)));
    is_open = channel.Write({chunk, static_cast<std::size_t>(size)});
  }
  return is_open && channel.Write("0\r\n\r\n");
}

void Serve(Channel channel) {
  std::string buffer;
  for (;;) {
    const std::string head = channel.ReadHead(buffer);
    if (head.empty()) return;
    const std::string key = FieldOf(head, "sec-websocket-key");
    if (!key.empty()) {
      if (channel.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
                        AcceptKey(key) + "\r\n\r\n")) {
        Echo(channel, buffer);
      }
      return;
    }
    const bool is_last =
        FieldOf(head, "connection") == "close" || head.find(" HTTP/1.0\r\n") != std::string::npos;
    if (head.starts_with("GET /trickle ")) {
      if (!Trickle(channel) || is_last) return;
      continue;
    }
    const std::string length = FieldOf(head, "content-length");
    if (length.empty() && head.starts_with("PUT ")) {
      channel.Write(
          "HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    if (!Sink(channel, buffer, std::strtoull(length.c_str(), nullptr, 10))) return;
    if (!channel.Write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
                       std::to_string(length.size()) + "\r\n\r\n" + length) ||
        is_last) {
      return;
    }
  }
}

void Accepted(int fd, SSL_CTX* tls) {
  if (tls == nullptr) return Serve(Channel(fd));
  SSL* ssl = SSL_new(tls);
  SSL_set_fd(ssl, fd);
  const bool is_good = SSL_accept(ssl) == 1;
  Channel channel(fd, ssl);
  if (is_good) Serve(std::move(channel));
}

int Run(const char* host, int port, const char* certificate, const char* key) {
  SSL_CTX* tls = nullptr;
  if (certificate != nullptr) {
    tls = TlsContext(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
      Fail("the certificate or its key cannot be read");
    }
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = AddressOf(host, port);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Die("bind");
  if (listen(listener, 4096) != 0) Die("listen");
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) Die("accept");
    SendAtOnce(fd);
    std::thread(Accepted, fd, tls).detach();
  }
}

}  // namespace
}  // namespace berth::bench

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) {
    std::fprintf(stderr, "usage: bench_origin ADDRESS PORT [CERTIFICATE KEY]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL.
  return berth::bench::Run(argv[1], std::atoi(argv[2]), argc == 5 ? argv[3] : nullptr,
                           argc == 5 ? argv[4] : nullptr);
}
