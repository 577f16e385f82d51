// What to say to a forward proxy so that it connects us on: HTTP CONNECT (RFC 9110, section 9.3.6)
// and SOCKS5 (RFC 1928, RFC 1929).
#pragma once

#include "net/address.h"
#include "net/byte_stream.h"
#include "net/proxy_settings.h"

namespace berth::net {

/// Asks `proxy`, at the other end of `stream`, for a connection to `target`; afterwards the stream
/// belongs to the target. kUnauthorized: the proxy wants other credentials; kUnavailable: it cannot
/// reach the target, or is no proxy. Give it a deadline. References must outlive the call.
Task<Result<void>> ConnectThroughProxy(ByteStream& stream, const Proxy& proxy, HostPort target);

}  // namespace berth::net
