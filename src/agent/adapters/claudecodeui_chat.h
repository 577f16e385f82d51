// Reading along in a claudecodeui's chat socket: finds the messages that tell what its sessions do.
//
// The frames that pass anyway are looked at: their first bytes say what they are, and only the few
// that matter are kept and parsed. Nothing is changed, nothing is held up; what cannot be
// understood is let go.
#pragma once

#include <string>
#include <string_view>

#include "agent/adapter.h"
#include "agent/adapters/claudecodeui_sessions.h"

namespace berth::agent {

/// Whether a message that begins so is of interest to ChatSessions; true while that is open.
bool MayMatter(std::string_view begun);

/// One socket of a browser, instance → browser.
class ChatWatch : public SocketWatch {
 public:
  explicit ChatWatch(ChatSessions& sessions) : sessions_(sessions) {}
  void OnBytes(net::Bytes bytes) override;

 private:
  bool ReadHeader(std::string_view& input);
  void TakePayload(std::string_view payload);
  void EndFrame();

  ChatSessions& sessions_;
  bool is_lost_ = false;  // Not a stream that we understand: look no more.
  std::string header_;    // Of the frame that has begun; at most 10 bytes.
  bool in_payload_ = false;
  bool is_final_ = false;
  bool is_control_ = false;
  std::uint64_t left_ = 0;  // Payload bytes to come.
  std::string message_;     // What is kept of the message.
  bool is_wanted_ = true;   // It may still matter.
  bool is_told_ = false;    // What is kept says all that matters.
};

}  // namespace berth::agent
