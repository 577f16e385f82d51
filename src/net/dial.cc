#include "net/dial.h"

#include <algorithm>

#include "net/proxy_handshake.h"
#include "net/resolve.h"

namespace berth::net {
namespace {

/// Whether the address can be told to be no public one without looking anything up.
bool IsKnownAsPrivate(const HostPort& address) {
  if (IsLoopbackHost(address.host)) return true;
  const auto ip = SocketAddress::FromText(address.host, address.port);
  return ip && !IsPublicAddress(*ip);
}

/// The target as `proxy` shall get it: with an IP address where names are looked up here.
Task<Result<HostPort>> AddressForProxy(Loop& loop, const Proxy& proxy, HostPort target,
                                       AddressRule rule, Duration limit) {
  if (proxy.kind != Proxy::Kind::kSocks5) co_return target;
  auto found = co_await WithDeadline(loop, limit, "look-up", Resolve(loop, target));
  if (!found) {
    co_return Wrap(std::move(found).error(),
                   "connect to " + target.ToString() + " (socks5h:// lets the proxy look up)");
  }
  const auto good = rule == AddressRule::kPublicOnly ? std::ranges::find_if(*found, IsPublicAddress)
                                                     : found->begin();
  if (good == found->end()) {
    co_return Forbidden("connect to " + target.ToString() + ": not a public address");
  }
  co_return HostPort{good->Ip(), target.port};
}

Task<Result<std::unique_ptr<TcpStream>>> ConnectThrough(Loop& loop, const Proxy& proxy,
                                                        HostPort target, AddressRule rule,
                                                        const Limits& limits) {
  auto address = co_await AddressForProxy(loop, proxy, target, rule, limits.connect_timeout);
  if (!address) co_return std::move(address).error();
  auto stream = co_await ConnectTcp(loop, proxy.address, limits);
  if (!stream) {
    co_return Wrap(std::move(stream).error(), "proxy for " + target.ToString());
  }
  auto connected = co_await WithDeadline(loop, limits.connect_timeout, "the proxy's answer",
                                         ConnectThroughProxy(**stream, proxy, *address));
  if (!connected) co_return std::move(connected).error();
  co_return stream;
}

}  // namespace

DialTarget HttpTarget(std::string_view scheme, HostPort address) {
  DialTarget target{.address = std::move(address)};
  if (scheme == "https") {
    target.security = Security::kTls;
    target.alpn = {"http/1.1"};
  }
  return target;
}

Task<Result<StreamPtr>> Dial(Loop& loop, DialTarget target, const ProxySettings& proxies,
                             const TlsClient& tls, const Limits& limits) {
  const Proxy* const proxy = proxies.Find(target.address, target.security);
  if (proxy != nullptr && target.addresses == AddressRule::kPublicOnly &&
      IsKnownAsPrivate(target.address)) {
    co_return Forbidden("connect to " + target.address.ToString() + ": not a public address");
  }
  auto task = proxy == nullptr
                  ? ConnectTcp(loop, target.address, limits, target.addresses)
                  : ConnectThrough(loop, *proxy, target.address, target.addresses, limits);
  auto stream = co_await task;
  if (!stream) co_return std::move(stream).error();
  if (target.admit) {
    auto admitted = target.admit((*stream)->descriptor());
    if (!admitted) co_return std::move(admitted).error();
  }
  if (target.security == Security::kPlain) co_return StreamPtr(std::move(*stream));
  std::string name = target.server_name.empty() ? target.address.host : target.server_name;
  auto secured = co_await tls.Connect(std::move(*stream), std::move(name), target.alpn, limits);
  co_return secured;
}

}  // namespace berth::net
