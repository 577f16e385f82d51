// ChatObserver: the agent's own connection to a claudecodeui's chat socket, kept open while anybody
// wants to know what the instance does.
//
// It carries texts both ways and knows nothing of their meaning, but for dropping those that tell
// nothing. Being connected takes nothing away from anybody: the instance sends it what it sends to
// all, and what is asked for. Lives on the loop.
#pragma once

#include <functional>
#include <string_view>

#include "agent/adapters/claudecodeui_sign_in.h"
#include "base/task_group.h"
#include "http/websocket.h"

namespace berth::agent {

class ChatObserver {
 public:
  struct Events {
    std::function<void()> on_open;
    std::function<void()> on_lost;  ///< The instance ended it: it may have ended itself.
    std::function<void(std::string_view)> on_text;  ///< One message that may matter.
  };

  /// Everything must outlive the observer.
  ChatObserver(AdapterContext context, SignIn& sign_in, Events events)
      : context_(context), sign_in_(sign_in), events_(std::move(events)) {}

  /// Connects, now and again for as long as it is wanted. Not to be called from its events.
  void SetWanted(bool is_wanted);
  bool is_open() const { return channel_ != nullptr; }
  /// kUnavailable: it is not open.
  Result<void> Send(std::string_view text);

 private:
  Task<void> Run();
  Task<Error> Serve();

  AdapterContext context_;
  SignIn& sign_in_;
  Events events_;
  http::WebSocketChannel* channel_ = nullptr;  // While it is open.
  Job run_;
};

}  // namespace berth::agent
