// ChatForwarder: forward_to_client of one dashboard socket: chat messages to instances, and their
// answers.
//
// A version-1 instance gets a user_request. Behind a tunnel the request is carried out on the
// instance's own chat socket, opened through the proxy like a page's, with the same checks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/task_group.h"
#include "control/message.h"
#include "hub/context.h"
#include "hub/registry.h"
#include "identity/sessions.h"

namespace berth::hub {

/// One forwarded request that is under way.
class Conversation {
 public:
  virtual ~Conversation() = default;
  virtual void FollowUp(const control::ForwardToClient& message) = 0;
};

class ChatForwarder {
 public:
  using Send = std::function<void(const control::Message&)>;

  /// Bytes of data in one forwarded_response: what a dashboard socket holds for its page.
  static constexpr std::size_t kMaxData = 4 * 1024 * 1024;

  /// `origin` is the page's. `hub` must outlive the forwarder; `send` is called as long as it
  /// lives.
  ChatForwarder(HubContext& hub, identity::SessionPtr session, std::string origin, Send send);
  /// Ends what runs.
  ~ChatForwarder();

  /// Carries it out: forwarded_response messages, the last with `complete`; or an error. A further
  /// message with the id of one that runs follows up on it.
  void Forward(control::ForwardToClient message);

  /// Ends, with an error, what its user may no longer do.
  void OnAccessChanged();

 private:
  friend class V1Conversation;
  friend class StreamConversation;
  using Key = std::pair<std::string, std::string>;  ///< Instance and request id.

  /// The instance, if this user may chat there. kNotFound, kForbidden.
  Result<VisibleInstance> Operable(std::string_view instance_id) const;
  Result<std::unique_ptr<Conversation>> Begin(const control::ForwardToClient& message);
  /// Data beyond kMaxData fails the request.
  void Pass(const Key& key, const control::Json& data, bool is_complete);
  void Fail(const Key& key, std::string_view why);
  /// The request is over; may be called from inside it.
  void End(const Key& key);

  HubContext& hub_;
  const identity::SessionPtr session_;
  const std::string origin_;
  const Send send_;
  std::map<Key, std::unique_ptr<Conversation>> running_;
};

}  // namespace berth::hub
