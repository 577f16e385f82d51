// Forwarder: the agent's end of the proxy. Takes what comes out of the tunnel, checks whom it is
// from and what they may do, signs it in by the adapter, asks the instance, and rewrites the answer
// for the place where the browser sees it, and compresses it where the hub says so.
//
// It talks to the one configured instance whatever the request says, follows no redirect, and turns
// every failure into a response that the hub understands (problem.h).
// Lives on the loop; must outlive its exchanges and their bodies.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/adapter.h"
#include "agent/allow_list.h"
#include "agent/assertion_gate.h"
#include "agent/asset_voucher.h"
#include "agent/status.h"
#include "base/event.h"
#include "base/limits.h"
#include "base/log_thinning.h"
#include "http/compression.h"
#include "http/message.h"
#include "rewrite/page_setup.h"

namespace berth::agent {

class Forwarder : public http::Service {
 public:
  /// Everything must outlive the forwarder. `info` may change between exchanges.
  Forwarder(Executor& executor, const Limits& limits, http::Service& instance,
            const InstanceInfo& info, StatusTracker& status, AssertionGate& gate)
      : executor_(executor),
        limits_(limits),
        instance_(instance),
        info_(info),
        status_(status),
        gate_(gate),
        compressor_(limits),
        voucher_(limits),
        found_(executor),
        stopping_(executor) {}

  /// Who knows the instance; null while that is not known. Requests that come before wait a moment
  /// (limits.instance_lookup), then they are answered 502.
  void SetAdapter(Adapter* adapter);
  /// Who of those that the hub names may come through; everybody by default. Applies to every path.
  void SetAllowList(AllowList allowed) { allowed_ = std::move(allowed); }
  /// Called when the instance turned out to be away.
  void SetOnAway(std::function<void()> on_away) { on_away_ = std::move(on_away); }

  /// What keeps the agent from dialling the instance, if anything does: the answer to requests that
  /// come before the instance was found.
  void SetTrouble(std::optional<Error> trouble) { trouble_ = std::move(trouble); }

  /// Whether an answer to a question of the instance may be given: `assertion` says who gives it.
  /// Allowed as for a stream that changes something; the error says why not, for that user.
  Result<void> AdmitAnswer(std::string_view assertion);

  /// Ends what would not end by itself: WebSockets and event streams. For good.
  void EndEndless() { stopping_.Set(); }

  /// Always a response, but for kCancelled.
  Task<Result<http::Response>> Exchange(http::Request request) override;

 private:
  // These may take the request apart; it outlives the call.
  Task<Result<http::Response>> Forward(http::Request& request);
  std::optional<http::Response> Refuse(const http::RequestHead& head, AssertionPtr& user);
  void NoteRefusal(const Error& why);
  /// What the instance at info_ may call itself; the first is what a Host field says.
  const rewrite::Authorities& OwnAuthorities();
  Task<Result<Adapter*>> FindAdapter();
  Task<Result<http::Response>> Ask(Adapter& adapter, http::Request& request,
                                   const control::Assertion& user);
  void Watch(Adapter& adapter, const http::RequestHead& sent, http::Response& response);

  Executor& executor_;
  const Limits& limits_;
  http::Service& instance_;
  const InstanceInfo& info_;
  StatusTracker& status_;
  AssertionGate& gate_;
  http::Compressor compressor_;
  AssetVoucher voucher_;
  Adapter* adapter_ = nullptr;
  Event found_;  ///< Set while adapter_ is there.
  Event stopping_;
  AllowList allowed_;
  std::function<void()> on_away_;
  std::optional<Error> trouble_;
  LogThinning refusals_{std::chrono::seconds(10)};  ///< Lines about them, whatever the reason.
  /// OwnAuthorities() of the instance as it was: kept, because every request asks.
  struct {
    std::string host = {};
    std::uint16_t port = 0;
    bool is_tls = false;
    rewrite::Authorities names = {};
  } own_authorities_;
};

/// Whether `target` may be sent to an instance: origin-form (or "*"), printable ASCII, and nothing
/// that any reader could take for another host.
Result<void> CheckTarget(std::string_view method, std::string_view target);

}  // namespace berth::agent
