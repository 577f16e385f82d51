// AgentConnection: what every connection of an agent is, whatever it speaks: the link of one
// instance, let in by a token, and gone at the latest when that ends or its user is let in no more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hub/context.h"
#include "hub/registry.h"
#include "hub/report_log.h"
#include "identity/agent_tokens.h"

namespace berth::hub {

class AgentConnection;

/// Those that run. Each enters itself, and leaves when it is destroyed.
using AgentConnections = std::vector<AgentConnection*>;

class AgentConnection : public InstanceLink {
 public:
  /// `hub` and `all` must outlive the connection.
  AgentConnection(HubContext& hub, AgentConnections& all, identity::AgentTokenPtr token,
                  std::string address);
  ~AgentConnection() override;
  AgentConnection(const AgentConnection&) = delete;
  AgentConnection& operator=(const AgentConnection&) = delete;

  // InstanceLink.
  void Disconnect() override;
  std::string_view address() const override { return address_; }

  /// Closes the connection if its token's user is no longer admitted to the hub.
  void CloseUnlessAdmitted();
  /// The hub's signing keys changed.
  virtual void AnnounceKeys() {}
  /// Lets requests that run finish and takes no new ones, then closes; the agent dials again.
  virtual void Drain() = 0;

 protected:
  /// Queues a message for the agent. kUnavailable: it is not registered, or gone.
  virtual Result<void> Send(const control::Message& message) = 0;
  /// Tells the agent that it has no access any more, and why. It is away from then on, whether it
  /// answers or not.
  virtual void Refuse(std::string_view why) = 0;
  /// Fails what waits for the agent.
  virtual void FailWaiting() = 0;

  /// Refuses the agent whose token has ended.
  void RefuseTokenEnded();
  /// The instance is away, and why. May be called again. REQUIRES of a derived class: called in its
  /// destructor.
  void Leave(std::string why = {});
  // What an agent of any kind may say, once it is registered.
  void On(const control::StatusUpdate& update);
  void On(const control::ErrorMessage& error);
  void On(const control::Unknown&) { ++unknown_messages_; }
  /// The connection has ended: writes that to the log and, of an instance, to the store.
  Task<void> NoteEnd(Error why);

  HubContext& hub_;
  const identity::AgentTokenPtr token_;
  const std::string address_;           ///< That the agent dialled from.
  std::string id_;                      ///< Of the instance, once registered.
  std::uint64_t unknown_messages_ = 0;  ///< Of types that this hub does not know.
  ReportLog reports_;

 private:
  AgentConnections& all_;
};

}  // namespace berth::hub
