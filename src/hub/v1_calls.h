// V1Calls: the way to one version-1 instance, and who waits for which answer of it.
//
// Shared by the peer and by what runs over it, which may outlive it: once the peer is gone, all
// that waits is told, and nothing can be begun. Ids are random: an answer reaches whoever asked,
// or, if it is late, repeated or made up, nobody. Lives on one loop.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "control/message.h"

namespace berth::hub {

class V1Calls {
 public:
  /// Who waits; nothing happens by default. The calls must not begin or end a call, but may Forget
  /// their own.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void OnResponse(control::HttpProxyResponse) {}
    virtual void OnData(const control::Json&) {}
    virtual void OnComplete(const std::optional<control::Json>&) {}
    virtual void OnError(const control::ErrorMessage&) {}
    virtual void OnGone() {}
  };
  using Send = std::function<Result<void>(const control::Message&)>;

  /// `max_calls` may wait at once. `on_idle` is called whenever the last one was forgotten.
  V1Calls(std::string instance_id, std::size_t max_calls, Send send, std::function<void()> on_idle,
          RandomSource random)
      : instance_id_(std::move(instance_id)),
        max_calls_(max_calls),
        send_(std::move(send)),
        on_idle_(std::move(on_idle)),
        random_(std::move(random)) {}

  const std::string& instance_id() const { return instance_id_; }
  std::size_t size() const { return waiters_.size(); }

  /// A new id, whose answers reach `waiter` until Forget(). kUnavailable: the instance is gone, or
  /// has too many calls already.
  Result<std::string> Begin(Waiter& waiter);
  /// No more answers for this id. Idempotent.
  void Forget(std::string_view id);
  /// kUnavailable: the instance is gone. kTooLarge: it does not read its messages.
  Result<void> Say(const control::Message& message);

  /// Hands a message of the instance to whoever waits for it; false: nobody does.
  bool Deliver(control::Message message);
  /// The instance is gone: tells all, for good.
  void Close();

 private:
  const std::string instance_id_;
  const std::size_t max_calls_;
  Send send_;
  std::function<void()> on_idle_;
  const RandomSource random_;
  std::map<std::string, Waiter*, std::less<>> waiters_;
};

}  // namespace berth::hub
