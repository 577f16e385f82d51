// The key and the accept value of a WebSocket handshake over HTTP/1.1 (RFC 6455, section 4).
#pragma once

#include <string>
#include <string_view>

namespace berth::http {

/// A new random key: 16 bytes in base64.
std::string MakeWebSocketKey();
/// Whether `key` is 16 bytes in base64, written in the one canonical way.
bool IsWebSocketKey(std::string_view key);
/// The Sec-WebSocket-Accept that answers `key`.
std::string WebSocketAccept(std::string_view key);

}  // namespace berth::http
