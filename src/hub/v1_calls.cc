#include "hub/v1_calls.h"

#include "base/encoding.h"

namespace berth::hub {
namespace {

void Tell(V1Calls::Waiter& waiter, control::HttpProxyResponse&& message) {
  waiter.OnResponse(std::move(message));
}
void Tell(V1Calls::Waiter& waiter, const control::UserResponse& message) {
  waiter.OnData(message.data);
}
void Tell(V1Calls::Waiter& waiter, const control::UserResponseChunk& message) {
  waiter.OnData(message.data);
}
void Tell(V1Calls::Waiter& waiter, const control::UserResponseComplete& message) {
  waiter.OnComplete(message.data);
}
void Tell(V1Calls::Waiter& waiter, const control::ErrorMessage& message) {
  waiter.OnError(message);
}

template <class T>
concept Answer = requires(T message, V1Calls::Waiter& waiter) { Tell(waiter, std::move(message)); };

}  // namespace

Result<std::string> V1Calls::Begin(Waiter& waiter) {
  if (!send_) return Unavailable("the instance is not connected");
  if (waiters_.size() >= max_calls_) return Unavailable("the instance has too many requests");
  std::string id = HexEncode(RandomBytes<16>(random_));
  waiters_.emplace(id, &waiter);
  return id;
}

void V1Calls::Forget(std::string_view id) {
  const auto place = waiters_.find(id);
  if (place == waiters_.end()) return;
  waiters_.erase(place);
  if (waiters_.empty() && on_idle_) on_idle_();
}

Result<void> V1Calls::Say(const control::Message& message) {
  if (!send_) return Unavailable("the instance is not connected");
  return send_(message);
}

bool V1Calls::Deliver(control::Message message) {
  return std::visit(
      [this]<class T>(T& known) {
        if constexpr (Answer<T>) {
          const auto place = waiters_.find(known.request_id);
          if (place == waiters_.end()) return false;
          Tell(*place->second, std::move(known));
          return true;
        } else {
          return false;
        }
      },
      message);
}

void V1Calls::Close() {
  send_ = nullptr;  // on_idle_, which may be what calls, has nothing to tell of any more.
  const auto told = std::exchange(waiters_, {});
  for (const auto& [id, waiter] : told) waiter->OnGone();
}

}  // namespace berth::hub
