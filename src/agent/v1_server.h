// V1Server: what a hub of version 1 asks of an instance, in messages: http_proxy_request through
// the forwarder, user_request on the instance's chat socket.
//
// Whole bodies in one message: what is too large or never ends is answered with an error that says
// so. What runs belongs to one connection and ends with it. Lives on the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/hash.h"
#include "base/limits.h"
#include "base/task_group.h"
#include "control/message.h"
#include "http/message.h"
#include "tunnel/chat_driver.h"

namespace berth::agent {

class V1Server {
 public:
  struct Hub {
    std::string scheme;
    std::string authority;
  };
  using Send = std::function<Result<void>(const control::Message&)>;

  /// `streams` answers exchanges; it and the others must outlive the server.
  V1Server(Executor& executor, const Limits& limits, Hub hub, http::Service& streams, Send send);
  ~V1Server();

  /// From now on no chat begins: the agent admits only people whom it knows, and version 1 does not
  /// say who chats.
  void RefuseChats() { refuses_chats_ = true; }
  /// Takes a message of the hub; those that are no requests are ignored.
  void OnMessage(const control::Message& message);
  /// The connection is gone: ends all that runs.
  void Reset();
  /// Refuses what is new from now on; returns when nothing runs any more.
  Task<void> Drain();

 private:
  /// One that runs.
  struct Chat {
    std::shared_ptr<tunnel::ChatDriver> driver;
    Sha256Digest first;  ///< Of what was asked first: the same again is that again.
  };

  void On(control::HttpProxyRequest message);
  void On(control::UserRequest message);
  void On(control::UserRequestFollowUp message);
  template <class Other>
  void On(const Other&) {}

  Task<void> Answer(control::HttpProxyRequest message);
  /// Answers with a problem of our own.
  Task<void> Explain(std::string id, http::Response problem);
  void Pass(const std::string& id, control::Json data);
  Task<void> Converse(control::UserRequest message, std::shared_ptr<tunnel::ChatDriver> driver);
  void Say(const control::Message& message);
  void Fail(std::string request_id, std::string_view why);
  /// Says once what version 1 cannot do.
  void NoteLimit(std::string_view what);

  Executor& executor_;
  const Limits& limits_;
  const Hub hub_;
  http::Service& streams_;
  const Send send_;
  bool is_draining_ = false;
  bool refuses_chats_ = false;
  std::set<std::string, std::less<>> noted_;
  std::set<std::string, std::less<>> requests_;     ///< Ids of http_proxy_requests that run.
  std::map<std::string, Chat, std::less<>> chats_;  ///< By id.
  TaskGroup tasks_;
};

}  // namespace berth::agent
