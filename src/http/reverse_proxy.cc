#include "http/reverse_proxy.h"

#include "base/event.h"
#include "http/header_rules.h"

namespace berth::http {
namespace {

/// Shared by the waiting proxy and the request body, which may outlive the wait.
struct Progress {
  TimePoint last;
  bool awaits_sender = false;  // A read of the body is under way.
};

/// Marks the time in which a read is under way, also one that is dropped.
class ReadMark {
 public:
  ReadMark(Executor& executor, Progress& progress) : executor_(executor), progress_(progress) {
    progress_.awaits_sender = true;
  }
  ~ReadMark() {
    progress_.awaits_sender = false;
    progress_.last = executor_.now();
  }

 private:
  Executor& executor_;
  Progress& progress_;
};

/// Passes a body on and notes when it moves, so that a long upload is not taken for silence.
class WatchedBody : public Body {
 public:
  WatchedBody(Executor& executor, BodyPtr inner, std::shared_ptr<Progress> progress)
      : executor_(executor), inner_(std::move(inner)), progress_(std::move(progress)) {}

  Task<Result<MutableBytes>> Read() override {
    const ReadMark mark(executor_, *progress_);
    auto piece = co_await inner_->Read();
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

/// Notices that nothing has moved for a while.
class Silence {
 public:
  /// `progress` may be null: nothing but the response can move then.
  Silence(Executor& executor, std::shared_ptr<Progress> progress)
      : executor_(executor),
        progress_(std::move(progress)),
        is_over_long_(executor),
        timer_([this] { Look(); }) {}

  /// Sets is_over_long() after `limit` without progress.
  void Limit(Duration limit) {
    limit_ = limit;
    executor_.ArmAfter(timer_, limit);
  }
  Event& is_over_long() { return is_over_long_; }

 private:
  void Look() {
    // It is not the response that keeps one waiting then, and the body has a deadline of its own.
    if (progress_ && progress_->awaits_sender) progress_->last = executor_.now();
    if (progress_ && progress_->last + limit_ > executor_.now()) {
      executor_.Arm(timer_, progress_->last + limit_);
    } else {
      is_over_long_.Set();
    }
  }

  Executor& executor_;
  std::shared_ptr<Progress> progress_;
  Duration limit_{};
  Event is_over_long_;
  Timer timer_;
};

/// The way of an interim response.
struct InterimPass {
  InterimHandler pass;
  std::shared_ptr<ProxyEdits> edits;

  void operator()(const ResponseHead& head) {
    if (head.status <= 101) return;  // Each hop says 100 for itself, and 101 is not interim.
    ResponseHead edited = head;
    RemoveHopByHop(edited.fields);
    if (edits) edits->EditResponse(edited);
    pass(edited);
  }
};

}  // namespace

Task<Result<Response>> ReverseProxy(Executor& executor, const Limits& limits, Service& next,
                                    Request request, std::shared_ptr<ProxyEdits> edits) {
  RemoveHopByHop(request.head.fields);
  if (edits) edits->EditRequest(request.head);
  if (request.interim) {
    // One pointer, so that the handler needs no memory of its own wherever it is moved.
    auto way = std::allocate_shared<InterimPass>(PoolAllocator<InterimPass>(),
                                                 std::move(request.interim), edits);
    request.interim = [way = std::move(way)](const ResponseHead& head) { (*way)(head); };
  }
  const bool waits_for_ever = WaitsForEver(request.head);
  std::shared_ptr<Progress> progress;
  if (request.body && !waits_for_ever) {
    progress = std::make_shared<Progress>(executor.now());
    request.body = std::make_unique<WatchedBody>(executor, std::move(request.body), progress);
  }
  auto exchange = next.Exchange(std::move(request));
  exchange.Start();
  if (!exchange.is_done()) {
    Silence silence(executor, std::move(progress));
    if (!waits_for_ever) silence.Limit(limits.response_timeout);
    co_await DoneOr(exchange, silence.is_over_long());
    if (!exchange.is_done()) co_return Timeout("no response in time");
  }
  auto response = exchange.Take();
  if (!response) co_return response;
  RemoveHopByHop(response->head.fields);
  if (edits) edits->EditResponse(response->head);
  co_return response;
}

}  // namespace berth::http
