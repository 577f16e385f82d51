// ChatDriver: one user_request of version 1, carried out on an instance's own chat socket.
//
//     ChatDriver driver(executor, limits, open, on_data);
//     const ChatEnd end = co_await driver.Run(action, payload);   // meanwhile:
//     driver.FollowUp(text)
//
// Opens the socket, says {...payload, type: action}, and reports each text frame that comes. A
// request that asks for one thing ends with the answer to it; others last until either side closes.
// Not thread-safe: lives on one loop.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/limits.h"
#include "control/v1_chat.h"
#include "http/message.h"
#include "http/websocket.h"

namespace berth::tunnel {

/// How a request ended.
struct ChatEnd {
  std::string error{};     ///< For people; "": it ended well.
  bool is_closed = false;  ///< The instance closed its socket, with:
  std::int64_t code = 0;
  std::string reason{};
};

class ChatDriver {
 public:
  /// Performs the upgrade exchange; gets our bytes as the request's body.
  using Open = std::function<Task<Result<http::Response>>(http::BodyPtr outgoing)>;
  /// One text frame of the instance, as `data`. Must not destroy the driver.
  using OnData = std::function<void(control::Json data)>;

  /// `executor` and `limits` must outlive the driver.
  ChatDriver(Executor& executor, const Limits& limits, Open open, OnData on_data);

  /// Until it ends. Call once; dropping it closes the socket.
  Task<ChatEnd> Run(std::string action, control::Json payload);

  /// Sends a later message of the same session: a chat frame. One of type "close" ends it; so does,
  /// as an error, more than may wait before the socket is open (64, of 4 × version1_request bytes).
  void FollowUp(const control::Json& payload);
  /// Ends it: Run returns soon.
  void Close();

 private:
  Task<ChatEnd> Converse();
  void Say(std::string text);

  Executor& executor_;
  const Limits& limits_;
  Open open_;
  OnData on_data_;
  http::WebSocketChannel channel_;
  control::ChatLife life_ = control::ChatLife::kSession;
  bool is_open_ = false;
  bool is_overrun_ = false;           ///< More was said before than may wait.
  std::vector<std::string> waiting_;  ///< Until the socket is open; bounded.
  std::size_t waiting_size_ = 0;      ///< Bytes of these.
  Event closed_;                      ///< Close() was called.
};

}  // namespace berth::tunnel
