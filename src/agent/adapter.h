// Adapter: what the agent knows of one kind of instance: how to sign in, what the browser must not
// reach, how to read its status.
//
// The forwarder calls, for each exchange: Answer; if that gives nothing Prepare, the exchange
// itself, and Inspect. An adapter lives on the loop; it must be destroyed after all Tasks that it
// returned.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/instance.h"
#include "agent/viewer_filter.h"
#include "agent/worker.h"
#include "base/executor.h"
#include "base/result.h"
#include "control/message.h"
#include "http/message.h"
#include "rewrite/plan.h"

namespace berth::agent {

/// What every adapter works with. All of it outlives the adapter; `info` may change when the
/// instance is found again elsewhere.
struct AdapterContext {
  Executor& executor;
  Worker& worker;
  http::Service& instance;  ///< The instance itself, without credential.
  const InstanceInfo& info;
};

/// What to do with a response.
enum class Verdict {
  kPass,   ///< Give it (as Inspect left it) to the browser.
  kRetry,  ///< Drop it, prepare the request anew and send it once more; if that cannot be, kPass.
};

/// Reads along, without changing anything, what an instance sends on a WebSocket.
class SocketWatch {
 public:
  virtual ~SocketWatch() = default;
  /// The next bytes, cut anywhere.
  virtual void OnBytes(net::Bytes bytes) = 0;
};

class Adapter {
 public:
  virtual ~Adapter() = default;

  /// "claudecodeui", "generic".
  virtual std::string_view kind() const = 0;

  /// A response in the instance's place, or nothing. The request's body is not read.
  virtual std::optional<http::Response> Answer(const http::RequestHead& head) = 0;

  /// Puts the instance's credential and origin on a request. Host is set by the forwarder.
  virtual Task<Result<void>> Prepare(http::RequestHead& head) = 0;

  /// Looks at (and may change) a response before rewriting. `sent` is the prepared request.
  /// kRetry is honoured once per exchange, and where the request's body can still be sent again.
  virtual Task<Verdict> Inspect(const http::RequestHead& sent, http::Response& response) = 0;

  /// Whether Inspect does anything. Where not, it is not called.
  virtual bool inspects() const { return true; }

  /// What the pages of this instance need in path mode (and, as to storage, in subdomain mode).
  virtual rewrite::PageSetup page_setup() const = 0;

  /// Asks the instance what its sessions do. kUnavailable, kForbidden (IsAway): it is not there;
  /// what becomes of what ran Sessions() tells. kTimeout: it is there and gives no answer. With
  /// every other error it has answered.
  virtual Task<Result<void>> Refresh() { co_return Ok(); }
  /// How often Refresh is of use while somebody watches; 0: never.
  virtual Duration refresh_every() const { return Duration::zero(); }
  /// The sessions that run, wait for their user or have failed, as far as is known at this moment.
  virtual std::vector<control::SessionInfo> Sessions() const { return {}; }
  /// Gives a user's answer to the question of a session, and waits (for less than 10 s) for what
  /// becomes of it.
  virtual Task<control::AnswerResult> GiveAnswer(control::Answer answer) {
    co_return control::AnswerResult{.request_id = answer.request_id,
                                    .message = "this kind of instance asks nothing"};
  }

  /// A user has looked at the failure of that session: Sessions() tells of it no more.
  virtual void MarkSeen(std::string_view session) { (void)session; }

  /// Somebody to read along on the WebSocket that was opened with `sent`; null: nobody. The adapter
  /// outlives it.
  virtual std::unique_ptr<SocketWatch> WatchSocket(const http::RequestHead& sent) {
    (void)sent;
    return nullptr;
  }
  /// `on_change` is called when Sessions() may tell something else than before, outside Refresh
  /// too.
  virtual void SetOnChange(std::function<void()> on_change) { (void)on_change; }
  /// `on_news` is called when something may have begun, so that Refresh should be called soon.
  virtual void SetOnNews(std::function<void()> on_news) { (void)on_news; }
  /// Whether anybody wants to know. If not, the instance is left in peace. Not to be called from
  /// the adapter's own calls.
  virtual void SetWatched(bool is_watched) { (void)is_watched; }

  /// Whether a request of a safe method (GET, HEAD, OPTIONS) changes something all the same, so
  /// that a viewer must not make it, and nobody by a link (own_script.h).
  virtual bool HasSideEffects(const http::RequestHead& head) const {
    (void)head;
    return false;
  }
  /// What of a viewer's messages passes on the WebSocket that `head` opens; null: a viewer must not
  /// open it. The adapter outlives it.
  virtual MessageFilter ViewerMessages(const http::RequestHead& head) const {
    (void)head;
    return nullptr;
  }
  /// Whether the instance wants to be told who asks, in X-Orchestrator-User-Id and -Username.
  virtual bool wants_identity() const { return false; }

  /// Whether Inspect may ever say kRetry: the forwarder then keeps small request bodies.
  virtual bool may_retry() const = 0;

  /// Called when the instance was found, or found again after it had been away: what was known of
  /// it may be out of date.
  virtual void OnInstanceFound() {}
};

}  // namespace berth::agent
