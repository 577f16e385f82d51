// ViewerFilter: what a viewer says on a WebSocket, less everything that the adapter does not let
// pass. This is the one place where frames that go to an instance are parsed.
//
// Only whole text messages pass, in the words of the adapter; pings, pongs and the close pass too.
// Binary messages, and text messages longer than kMaxMessage, are dropped as they stream. A frame
// that breaks the protocol breaks the connection. Extensions must not have been negotiated.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/body.h"
#include "http/websocket_codec.h"

namespace berth::agent {

/// What to send to the instance in the place of a viewer's message; nothing: drop it.
using MessageFilter = std::function<std::optional<std::string>(std::string_view message)>;

class ViewerFilter : public http::Body {
 public:
  static constexpr std::size_t kMaxMessage = 64 * 1024;

  /// `inner` is the raw stream from the browser.
  ViewerFilter(http::BodyPtr inner, MessageFilter filter);

  Task<Result<http::MutableBytes>> Read() override;

 private:
  Result<void> Take(http::MutableBytes input);
  void Pass(http::WebSocketOpcode opcode, std::string_view payload);

  const http::BodyPtr inner_;
  const MessageFilter filter_;
  http::WebSocketDecoder decoder_;
  std::string out_;  // Whole frames. Lent until the next Read.
};

}  // namespace berth::agent
