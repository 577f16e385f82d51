// Mailbox: how values go from one executor to another, a batch per turn.
//
// A Mailbox belongs to the executor that receives; its address may be handed to others, whose
// MailSender collects what is put into it during a turn and posts it as one batch at the turn's
// end: one lock and at most one wake-up, however many messages there are. Messages must be values
// (no Events, Tasks or references to what lives on an executor), because those that come too late
// are destroyed on whichever thread has them.
//
// Neither refuses anything: who sends must bound what is under way, by what waiting() tells or by a
// count of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/event.h"
#include "base/executor.h"
#include "base/task_group.h"

namespace berth {

template <class Message>
class Mailbox;

/// Where to send to. A value; keeps nothing of the mailbox alive. Safe on any thread.
template <class Message>
class MailAddress {
 public:
  using Batch = std::vector<Message>;

  MailAddress() = default;  ///< Nobody's: what is posted to it is dropped.

  /// Delivers the batch on the mailbox's executor, or drops it if the mailbox is gone.
  void Post(Batch batch) const {
    if (!state_) return;
    // The lock keeps the executor from being destroyed meanwhile; batches of one turn are few.
    const std::lock_guard lock(state_->mutex);
    if (state_->executor == nullptr) return;
    state_->waiting += batch.size();
    state_->executor->Post([state = state_, moved = std::move(batch)]() mutable {
      state->waiting -= moved.size();
      if (state->deliver) state->deliver(std::move(moved));
    });
  }

  /// Messages that were posted, by whomever, and not delivered yet. May be old when it is read.
  std::size_t waiting() const { return state_ ? state_->waiting.load() : 0; }

 private:
  friend class Mailbox<Message>;
  struct State {
    std::mutex mutex;
    Executor* executor;  ///< Guarded by mutex; null once the mailbox is gone.
    std::atomic<std::size_t> waiting = 0;
    /// Used on the executor's thread only; empty once the mailbox is gone.
    std::move_only_function<void(Batch)> deliver;
  };
  std::shared_ptr<State> state_;
};

template <class Message>
class Mailbox {
 public:
  using Batch = typename MailAddress<Message>::Batch;

  /// `deliver` gets every batch, at the top of the executor's stack, and must not destroy the
  /// mailbox.
  Mailbox(Executor& executor, std::move_only_function<void(Batch)> deliver) {
    address_.state_ = std::make_shared<typename MailAddress<Message>::State>();
    address_.state_->executor = &executor;
    address_.state_->deliver = std::move(deliver);
  }
  /// On the executor's thread, or when that no longer runs. Nothing is delivered from then on.
  ~Mailbox() {
    const std::lock_guard lock(address_.state_->mutex);
    address_.state_->executor = nullptr;
    address_.state_->deliver = nullptr;
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  const MailAddress<Message>& address() const { return address_; }

 private:
  MailAddress<Message> address_;
};

/// Sends from one executor to one address, in order.
template <class Message>
class MailSender {
 public:
  MailSender(Executor& here, MailAddress<Message> to)
      : to_(std::move(to)), due_(here, WakeTime::kTurnEnd), flushing_(here, "mail", FlushAll()) {}

  /// Leaves at the end of the turn.
  void Put(Message message) {
    batch_.push_back(std::move(message));
    due_.Set();
  }
  /// Messages on their way: those that wait here, and those that wait there.
  std::size_t under_way() const { return batch_.size() + to_.waiting(); }
  /// Lets what waits leave now.
  void Flush() {
    if (!batch_.empty()) to_.Post(std::exchange(batch_, {}));
  }

 private:
  Task<void> FlushAll() {
    for (;;) {
      co_await due_.Wait();
      due_.Reset();
      Flush();
    }
  }

  MailAddress<Message> to_;
  typename MailAddress<Message>::Batch batch_;
  Event due_;
  Job flushing_;
};

}  // namespace berth
