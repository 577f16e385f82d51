#include "http/reverse_proxy.h"

#include "base/event.h"
#include "http/header_rules.h"

namespace berth::http {
namespace {

/// Shared by the waiting proxy and the request body, which may outlive the wait.
struct Progress {
  TimePoint last;
};

/// Passes a body on and notes when it moves, so that a long upload is not taken for silence.
class WatchedBody : public Body {
 public:
  WatchedBody(Executor& executor, BodyPtr inner, std::shared_ptr<Progress> progress)
      : executor_(executor), inner_(std::move(inner)), progress_(std::move(progress)) {}

  Task<Result<MutableBytes>> Read() override {
    progress_->last = executor_.now();
    auto piece = co_await inner_->Read();
    progress_->last = executor_.now();
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override { return inner_->length(); }

 private:
  Executor& executor_;
  BodyPtr inner_;
  std::shared_ptr<Progress> progress_;
};

bool WaitsForEver(const RequestHead& head) {
  return head.is_upgrade() || head.fields.HasToken("accept", "text/event-stream");
}

/// Awaits the exchange, giving up once nothing moved for `limit`.
Task<Result<Response>> AwaitResponse(Executor& executor, Duration limit,
                                     std::shared_ptr<Progress> progress,
                                     Task<Result<Response>> exchange) {
  exchange.Start();
  if (exchange.is_done()) co_return exchange.Take();
  Event expired(executor);
  Timer* rearm = nullptr;
  Timer timer([&] {
    const TimePoint due = progress->last + limit;
    if (due > executor.now()) {
      executor.Arm(*rearm, due);
    } else {
      expired.Set();
    }
  });
  rearm = &timer;
  executor.ArmAfter(timer, limit);
  co_await DoneOr(exchange, expired);
  if (exchange.is_done()) co_return exchange.Take();
  exchange.Reset();
  co_return Timeout("no response in time");
}

}  // namespace

Task<Result<Response>> ReverseProxy(Executor& executor, const Limits& limits, Service& next,
                                    Request request, ProxyRules rules) {
  RemoveHopByHop(request.head.fields);
  if (rules.edit_request) rules.edit_request(request.head);
  if (request.interim) {
    request.interim = [pass = std::move(request.interim),
                       edit = rules.edit_response](const ResponseHead& head) mutable {
      ResponseHead edited = head;
      RemoveHopByHop(edited.fields);
      if (edit) edit(edited);
      pass(edited);
    };
  }
  Result<Response> response = Unavailable("not asked yet");
  if (WaitsForEver(request.head)) {
    response = co_await next.Exchange(std::move(request));
  } else {
    auto progress = std::make_shared<Progress>(executor.now());
    if (request.body) {
      request.body = std::make_unique<WatchedBody>(executor, std::move(request.body), progress);
    }
    response = co_await AwaitResponse(executor, limits.response_timeout, progress,
                                      next.Exchange(std::move(request)));
  }
  if (!response) co_return response;
  RemoveHopByHop(response->head.fields);
  if (rules.edit_response) rules.edit_response(response->head);
  co_return response;
}

}  // namespace berth::http
