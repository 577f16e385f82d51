#include "net/proxy_handshake.h"

#include <fmt/format.h>

#include <charconv>

#include "base/encoding.h"
#include "base/log.h"
#include "net/socket_address.h"

namespace berth::net {
namespace {

constexpr std::size_t kMaxAnswer = 16 * 1024;

Error WrongCredentials(const Proxy& proxy) {
  return Unauthorized(proxy.user.empty()
                          ? "the proxy wants a user name and a password: put them into its URL"
                          : "the proxy refuses the user name or the password in its URL");
}

Task<Result<void>> Send(ByteStream& stream, std::string text) {
  const Bytes piece = AsBytes(text);
  auto written = co_await stream.Write(std::span(&piece, 1));
  co_return written;
}

/// Reads into `answer` until it holds `size` bytes.
Task<Result<void>> ReadUpTo(ByteStream& stream, std::string& answer, std::size_t size) {
  while (answer.size() < size) {
    auto read = co_await stream.Read();
    if (!read) co_return std::move(read).error();
    if (read->empty()) co_return Unavailable("the proxy closed the connection");
    answer += AsText(*read);
  }
  co_return Ok();
}

Task<Result<void>> AskHttp(ByteStream& stream, const Proxy& proxy, HostPort target) {
  const std::string place = target.ToString();
  std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", place);
  if (!proxy.user.empty()) {
    const Secret pair(fmt::format("{}:{}", proxy.user, proxy.password.Reveal()));
    request += fmt::format("Proxy-Authorization: Basic {}\r\n",
                           Base64Encode(std::as_bytes(std::span(pair.Reveal()))));
  }
  request += "\r\n";
  auto sent = co_await Send(stream, std::move(request));
  if (!sent) co_return sent;
  std::string answer;
  std::size_t end = std::string::npos;
  while (end == std::string::npos) {
    if (answer.size() > kMaxAnswer) co_return Unavailable("the proxy's answer is too long");
    auto read = co_await ReadUpTo(stream, answer, answer.size() + 1);
    if (!read) co_return read;
    end = answer.find("\r\n\r\n");
  }
  const std::string_view line = std::string_view(answer).substr(0, answer.find("\r\n"));
  int status = 0;
  // "HTTP/1.x SSS reason"
  if (line.starts_with("HTTP/1.") && line.size() >= 12 && line[8] == ' ') {
    std::from_chars(line.data() + 9, line.data() + 12, status);
  }
  if (status == 407) co_return WrongCredentials(proxy);
  if (status < 200 || status > 299) {
    co_return Unavailable(fmt::format("the proxy answered \"{}\"", ForLog(line)));
  }
  // What the target sent before we spoke would be lost; none of our protocols does that.
  if (answer.size() != end + 4) co_return Unavailable("the proxy sent more than its answer");
  co_return Ok();
}

std::string_view SocksProblem(unsigned char code) {
  switch (code) {
    case 1:
      return "general failure";
    case 2:
      return "not allowed by its rules";
    case 3:
      return "network unreachable";
    case 4:
      return "host unreachable";
    case 5:
      return "connection refused";
    case 6:
      return "timed out";
    case 7:
      return "command not supported";
    case 8:
      return "address type not supported";
    default:
      return "unknown failure";
  }
}

/// The address as SOCKS5 wants it: type, address, port.
std::string SocksAddress(const HostPort& target) {
  std::string text;
  if (const auto ip = SocketAddress::FromText(target.host, target.port)) {
    const bool is_v4 = ip->family() == AF_INET;
    const auto* const bytes = reinterpret_cast<const char*>(&ip->storage);
    // sockaddr_in: family, port, address; sockaddr_in6: family, port, flow, address.
    text.push_back(is_v4 ? 1 : 4);
    text.append(bytes + (is_v4 ? 4 : 8), is_v4 ? 4 : 16);
  } else {
    text.push_back(3);
    text.push_back(static_cast<char>(target.host.size()));
    text += target.host;
  }
  text.push_back(static_cast<char>(target.port >> 8));
  text.push_back(static_cast<char>(target.port & 0xff));
  return text;
}

Task<Result<void>> AskSocks5(ByteStream& stream, const Proxy& proxy, HostPort target) {
  if (target.host.size() > 255) co_return Invalid("the host name is too long for SOCKS5");
  const bool has_user = !proxy.user.empty();
  const std::string greeting = has_user ? std::string("\x05\x02\x00\x02", 4)  //
                                        : std::string("\x05\x01\x00", 3);
  auto greeted = co_await Send(stream, greeting);
  if (!greeted) co_return greeted;
  std::string answer;
  auto method = co_await ReadUpTo(stream, answer, 2);
  if (!method) co_return method;
  if (answer[0] != 5 || answer.size() != 2) co_return Unavailable("not a SOCKS5 proxy");
  if (answer[1] == 2 && has_user) {
    const std::string_view password = proxy.password.Reveal();
    std::string login("\x01");
    login.push_back(static_cast<char>(proxy.user.size()));
    login += proxy.user;
    login.push_back(static_cast<char>(password.size()));
    login += password;
    auto sent = co_await Send(stream, std::move(login));
    if (!sent) co_return sent;
    answer.clear();
    auto verdict = co_await ReadUpTo(stream, answer, 2);
    if (!verdict) co_return verdict;
    if (answer[1] != 0) co_return WrongCredentials(proxy);
  } else if (answer[1] != 0) {
    co_return WrongCredentials(proxy);
  }
  auto asked = co_await Send(stream, std::string("\x05\x01\x00", 3) + SocksAddress(target));
  if (!asked) co_return asked;
  // Version, code, reserved, type, first byte of the address; then the rest.
  answer.clear();
  auto head = co_await ReadUpTo(stream, answer, 5);
  if (!head) co_return head;
  if (answer[0] != 5) co_return Unavailable("not a SOCKS5 proxy");
  if (answer[1] != 0) {
    const auto code = static_cast<unsigned char>(answer[1]);
    co_return Unavailable(fmt::format("the proxy answered: {}", SocksProblem(code)));
  }
  std::size_t size = 4 + 4 + 2;
  if (answer[3] == 4) size = 4 + 16 + 2;
  if (answer[3] == 3) size = 4 + 1 + static_cast<unsigned char>(answer[4]) + 2;
  auto rest = co_await ReadUpTo(stream, answer, size);
  if (!rest) co_return rest;
  if (answer.size() != size) co_return Unavailable("the proxy sent more than its answer");
  co_return Ok();
}

}  // namespace

Task<Result<void>> ConnectThroughProxy(ByteStream& stream, const Proxy& proxy, HostPort target) {
  const std::string what = fmt::format("connect to {} through the proxy {}", target.ToString(),
                                       proxy.address.ToString());
  auto task = proxy.kind == Proxy::Kind::kHttp ? AskHttp(stream, proxy, std::move(target))
                                               : AskSocks5(stream, proxy, std::move(target));
  auto connected = co_await task;
  if (!connected) co_return Wrap(std::move(connected).error(), what);
  co_return Ok();
}

}  // namespace berth::net
