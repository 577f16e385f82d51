#include "hub/chat_forwarder.h"

#include "control/v1_chat.h"
#include "hub/browser.h"
#include "hub/instance_proxy.h"
#include "hub/registry.h"
#include "hub/v1_calls.h"
#include "identity/identity.h"
#include "tunnel/chat_driver.h"

namespace berth::hub {
namespace {

// Requests that one page may have under way.
constexpr std::size_t kMaxRunning = 32;

/// Opens the instance's chat socket as the page itself would, and with no more rights.
Task<Result<http::Response>> OpenChat(HubContext& hub, identity::SessionPtr session,
                                      std::string instance_id, std::string origin,
                                      http::BodyPtr outgoing) {
  http::Request request;
  request.head.method = "GET";
  request.head.scheme = hub.hosts.public_origin().scheme;
  request.head.authority = hub.hosts.public_origin().authority();
  request.head.target = "/ws";
  request.head.protocol = "websocket";
  request.head.fields.Add("origin", origin);
  request.body = std::move(outgoing);
  Placement placement;
  placement.instance_id = std::move(instance_id);
  placement.expected_origin = std::move(origin);
  return ForwardToInstance(hub, std::move(request), std::move(session), std::move(placement));
}

}  // namespace

/// At a version-1 instance.
class V1Conversation : public Conversation, private V1Calls::Waiter {
 public:
  V1Conversation(ChatForwarder& forwarder, ChatForwarder::Key key, std::shared_ptr<V1Calls> calls)
      : forwarder_(forwarder), key_(std::move(key)), calls_(std::move(calls)) {}
  ~V1Conversation() override {
    if (id_.empty()) return;
    if (!is_over_) {
      // First, as a connection that drains closes with the last request.
      auto said = calls_->Say(control::UserRequestFollowUp{
          .request_id = id_, .payload = {std::string(control::kClosePayload)}});
      (void)said;  // Nobody is left to be told.
    }
    calls_->Forget(id_);
  }

  Result<void> Begin(const control::ForwardToClient& message) {
    auto id = calls_->Begin(*this);
    if (!id) return std::move(id).error();
    id_ = std::move(*id);
    return calls_->Say(control::UserRequest{
        .request_id = id_, .action = message.action, .payload = message.payload});
  }
  void FollowUp(const control::ForwardToClient& message) override {
    auto said = calls_->Say(control::UserRequestFollowUp{
        .request_id = id_,
        .payload = {control::ComposeChatFrame(message.action, message.payload)}});
    if (!said) forwarder_.Fail(key_, said.error().message);
  }

 private:
  void OnData(const control::Json& data) override { forwarder_.Pass(key_, data, false); }
  void OnComplete(const std::optional<control::Json>& data) override {
    is_over_ = true;
    forwarder_.Pass(key_, data.value_or(control::Json()), true);
    forwarder_.End(key_);
  }
  void OnError(const control::ErrorMessage& error) override { Fail(error.message); }
  void OnGone() override { Fail("the instance went away"); }
  void Fail(std::string_view why) {
    is_over_ = true;
    forwarder_.Fail(key_, why);
    forwarder_.End(key_);
  }

  ChatForwarder& forwarder_;
  const ChatForwarder::Key key_;
  const std::shared_ptr<V1Calls> calls_;
  std::string id_;
  bool is_over_ = false;
};

/// On the chat socket of an instance behind a tunnel.
class StreamConversation : public Conversation {
 public:
  StreamConversation(ChatForwarder& forwarder, ChatForwarder::Key key,
                     const control::ForwardToClient& message)
      : forwarder_(forwarder),
        key_(std::move(key)),
        driver_(
            forwarder.hub_.executor, forwarder.hub_.limits,
            [this](http::BodyPtr outgoing) {
              return OpenChat(forwarder_.hub_, forwarder_.session_, key_.first, forwarder_.origin_,
                              std::move(outgoing));
            },
            [this](control::Json data) { forwarder_.Pass(key_, data, false); }),
        job_(forwarder.hub_.executor, "forwarded chat", Run(message.action, message.payload)) {}

  void FollowUp(const control::ForwardToClient& message) override {
    driver_.FollowUp({control::ComposeChatFrame(message.action, message.payload)});
  }

 private:
  Task<void> Run(std::string action, control::Json payload) {
    const tunnel::ChatEnd end = co_await driver_.Run(std::move(action), std::move(payload));
    if (!end.error.empty()) {
      forwarder_.Fail(key_, end.error);
    } else {
      forwarder_.Pass(
          key_, end.is_closed ? control::ChatCloseData(end.code, end.reason) : control::Json(),
          true);
    }
    forwarder_.End(key_);
  }

  ChatForwarder& forwarder_;
  const ChatForwarder::Key key_;
  tunnel::ChatDriver driver_;
  Job job_;
};

ChatForwarder::ChatForwarder(HubContext& hub, identity::SessionPtr session, std::string origin,
                             Send send)
    : hub_(hub), session_(std::move(session)), origin_(std::move(origin)), send_(std::move(send)) {}

ChatForwarder::~ChatForwarder() = default;

void ChatForwarder::Forward(control::ForwardToClient message) {
  Key key(message.client_id, message.request_id);
  const auto place = running_.find(key);
  if (place != running_.end()) return place->second->FollowUp(message);
  auto begun = Begin(message);
  if (!begun) return Fail(key, begun.error().message);
  running_.emplace(std::move(key), std::move(*begun));
}

void ChatForwarder::OnAccessChanged() {
  std::vector<std::pair<Key, Error>> lost;
  for (const auto& [key, conversation] : running_) {
    if (auto allowed = Operable(key.first); !allowed) {
      lost.emplace_back(key, std::move(allowed).error());
    }
  }
  for (const auto& [key, why] : lost) {
    Fail(key, why.message);
    End(key);
  }
}

Result<VisibleInstance> ChatForwarder::Operable(std::string_view instance_id) const {
  const identity::PersonPtr person = PersonOf(hub_, session_->user_id);
  const auto visible = person ? hub_.registry.Find(instance_id, *person) : std::nullopt;
  if (!visible) return NotFound("no such instance");
  if (visible->role == identity::InstanceRole::kViewer) return Forbidden("you may only look");
  return *visible;
}

Result<std::unique_ptr<Conversation>> ChatForwarder::Begin(
    const control::ForwardToClient& message) {
  if (running_.size() >= kMaxRunning) return Unavailable("too many requests are under way");
  const auto visible = Operable(message.client_id);
  if (!visible) return visible.error();
  const Instance* instance = visible->instance;
  if (!instance->is_live()) return Unavailable("the instance is not connected");
  Key key(message.client_id, message.request_id);
  auto calls = instance->link->version_1();
  if (!calls) return std::make_unique<StreamConversation>(*this, std::move(key), message);
  auto allowed = instance->link->Assert(PersonOf(hub_, session_->user_id), session_->id,
                                        control::Role::kOwner);
  if (!allowed) return std::move(allowed).error();
  auto conversation = std::make_unique<V1Conversation>(*this, std::move(key), std::move(calls));
  auto begun = conversation->Begin(message);
  if (!begun) return std::move(begun).error();
  return conversation;
}

void ChatForwarder::Pass(const Key& key, const control::Json& data, bool is_complete) {
  if (data.text.size() > kMaxData) {
    Fail(key, "an answer of the instance is larger than 4 MiB: read it on the instance's own page");
    return End(key);
  }
  control::ForwardedResponse response;
  response.client_id = key.first;
  response.request_id = key.second;
  response.data = data;
  response.complete = is_complete;
  send_(response);
}

void ChatForwarder::Fail(const Key& key, std::string_view why) {
  control::ErrorMessage error;
  error.request_id = key.second;
  error.message = why;
  send_(error);
}

void ChatForwarder::End(const Key& key) {
  const auto place = running_.find(key);
  if (place == running_.end()) return;
  // Its own code is on the stack, and `key` belongs to it.
  std::unique_ptr<Conversation> doomed = std::move(place->second);
  running_.erase(place);
  hub_.executor.Defer([doomed = std::move(doomed)] {});
}

}  // namespace berth::hub
