// Dial: opens a connection to a named place: look-up, TCP, proxy, TLS.
//
// Every step has limits.connect_timeout of its own, and an error says which step failed where.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "net/address.h"
#include "net/byte_stream.h"
#include "net/loop.h"
#include "net/proxy_settings.h"
#include "net/tcp.h"
#include "net/tls.h"

namespace berth::net {

/// Which addresses may be dialled.
enum class AddressRule {
  kAny,
  kPublicOnly,  ///< As IsPublicAddress(); kForbidden if the name has no such address.
};

struct DialTarget {
  HostPort address;
  Security security = Security::kPlain;
  std::vector<std::string> alpn = {};  ///< What to offer, best first; TLS only.
  std::string server_name = {};  ///< What the certificate must be for; "": the address's host.
  /// Checked after the look-up. Where a proxy dials, it looks names up itself: then only IP
  /// addresses and names of this machine are refused here.
  AddressRule addresses = AddressRule::kAny;
  /// Asked of the socket once it is connected, before anything is sent: its error is the dial's.
  /// May be empty.
  std::function<Result<void>(int descriptor)> admit = {};
};

/// A place that HTTP/1.1 is spoken with: over TLS where `scheme` is "https".
DialTarget HttpTarget(std::string_view scheme, HostPort address);

/// Connects, through a proxy where `proxies` says so, and shakes hands where `target` asks for TLS.
/// kNotFound: no such host; kUnavailable: nobody there, or on the way; kTimeout; kUnauthorized: the
/// proxy wants other credentials; kInvalid: the certificate (tls.h). All references must outlive
/// the call.
Task<Result<StreamPtr>> Dial(Loop& loop, DialTarget target, const ProxySettings& proxies,
                             const TlsClient& tls, const Limits& limits);

/// A connection without proxy and TLS: looks the name up, then tries its addresses in turn, the
/// next one when the last failed or 250 ms passed, and takes the first that answers.
Task<Result<std::unique_ptr<TcpStream>>> ConnectTcp(Loop& loop, HostPort address,
                                                    const Limits& limits,
                                                    AddressRule rule = AddressRule::kAny);

/// The error of an errno value with which a connection could not be made, as FromErrno() has it;
/// but what keeps this machine off the network for now is kUnavailable too.
Error ConnectError(int number, std::string_view what);

}  // namespace berth::net
