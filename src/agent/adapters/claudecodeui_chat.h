// Reading along in a claudecodeui's chat socket: which sessions wait for their user's permission.
//
// The instance tells that only to the sockets of browsers, and asking by a socket of our own would
// take the answers away from the user's page (up to version 1.37.2). So the frames that pass anyway
// are looked at: their first bytes say what they are, and only the few that matter are kept and
// parsed. Nothing is changed, nothing is held up; what cannot be understood is let go.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/adapter.h"

namespace berth::agent {

/// The permission requests that nobody has answered, over all sockets.
class OpenQuestions {
 public:
  void SetOnChange(std::function<void()> on_change) { on_change_ = std::move(on_change); }
  /// Takes one message of the instance: JSON text, whole.
  void OnMessage(std::string_view text);
  /// Marks the sessions that wait, and forgets questions of sessions that no longer run.
  void AddTo(std::vector<control::SessionInfo>& running);
  void Clear();
  std::size_t size() const { return questions_.size(); }

 private:
  struct Question {
    std::string session;
    std::string tool;
  };
  void Ask(std::string id, Question question);
  void ForgetSession(std::string_view session);
  void Changed() const {
    if (on_change_) on_change_();
  }

  std::map<std::string, Question, std::less<>> questions_;  // By request id; bounded.
  std::function<void()> on_change_;
};

/// Finds the messages that matter in the byte stream of one socket, instance → browser.
class ChatWatch : public SocketWatch {
 public:
  explicit ChatWatch(OpenQuestions& questions) : questions_(questions) {}
  void OnBytes(net::Bytes bytes) override;

 private:
  bool ReadHeader(std::string_view& input);
  void TakePayload(std::string_view payload);
  void EndFrame();

  OpenQuestions& questions_;
  bool is_lost_ = false;  // Not a stream that we understand: look no more.
  std::string header_;    // Of the frame that has begun; at most 10 bytes.
  bool in_payload_ = false;
  bool is_final_ = false;
  bool is_control_ = false;
  std::uint64_t left_ = 0;  // Payload bytes to come.
  std::string message_;     // What is kept of the message.
  bool is_wanted_ = true;   // It may still matter.
};

/// The sessions in the answer of GET /api/providers/sessions/running.
std::vector<control::SessionInfo> ParseRunningSessions(const boost::json::value& answer);

}  // namespace berth::agent
