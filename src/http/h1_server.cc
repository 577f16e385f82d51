#include "http/h1_server.h"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "base/log.h"
#include "http/error_status.h"
#include "http/h1_inbound.h"
#include "http/h1_writer.h"
#include "http/websocket_handshake.h"

namespace berth::http {
namespace {

// What we read of an unwanted request body to keep the connection; beyond, it is closed.
constexpr std::uint64_t kDrainedBody = 256 * 1024;
// What we read after our last byte, so that the browser gets to see it: data that arrives at a
// closed socket would make the system throw our answer away. Nothing of it is kept, so time is what
// ends an upload that was refused: silence for limits.linger_timeout, or this in all, which with a
// head that dribbles in for limits.head_timeout makes less than half a minute. The bytes only end
// one on a very fast link.
constexpr std::chrono::seconds kLingerTime{15};
constexpr std::uint64_t kLingerBytes = 256 * 1024 * 1024;
// Exchanges of pipelined requests, which may all be done without a wait, before others have their
// turn.
constexpr int kExchangesPerTurn = 32;
// Interim text that a Service may queue before it is written.
constexpr std::size_t kInterimBytes = 64 * 1024;

/// Interim responses on their way out. Shared with the handlers inside requests, which a Service
/// may keep for longer than the connection lives. Held by one pointer, so that a handler, with the
/// number of its exchange, fits into itself.
struct Outbox : boost::intrusive_ref_counter<Outbox> {
  explicit Outbox(Executor& executor) : wake(executor) {}
  void Queue(std::uint64_t for_exchange, const ResponseHead& head) {
    if (for_exchange != exchange || text.size() > kInterimBytes) return;
    AppendInterimHead(text, head);
    wake.Set();
  }

  Event wake;
  std::string text;
  std::uint64_t exchange = 0;  // The one that may queue.
};

Task<void> SetAfter(Executor& executor, Event& first, Duration delay, Event& then) {
  co_await first.Wait();
  co_await Sleep(executor, delay);
  then.Set();
}

Task<void> WakeOnDrain(Event& drain, H1Inbound& inbound) {
  co_await drain.Wait();
  inbound.Wake();
}

class Connection {
 public:
  Connection(Executor& executor, const Limits& limits, net::StreamPtr stream, Service& service,
             H1Options options)
      : executor_(executor),
        limits_(limits),
        service_(service),
        options_(options),
        inbound_(std::make_shared<H1Inbound>(executor, limits, std::move(stream))),
        outbox_(new Outbox(executor)),
        writer_(inbound_->stream()) {}
  ~Connection() {
    ++outbox_->exchange;
    inbound_->Abandon();
  }

  Task<TakenConnection> Run();

 private:
  enum class Next { kRequest, kLinger, kTakenOver, kClose };

  bool is_draining() const { return options_.drain != nullptr && options_.drain->is_set(); }
  Request MakeRequest(H1Request& parsed, std::uint64_t number);
  // What these get by reference is a local of the caller that awaits them.
  Task<Result<Next>> Serve(H1Request& parsed);
  Task<Result<Next>> Answer(Response& response, const std::string& method, bool is_http11,
                            Persistence persistence);
  Task<Result<Next>> Upgrade(Response& response, const std::string& key);
  Task<Result<Next>> HandOver(Response& response, const std::string& key);
  Task<Result<Next>> Refuse(int status, std::string method);
  /// Ends a message of which SendBody failed: what its body gave before that still leaves.
  Task<Result<Next>> BreakOff(Error why);
  Task<Result<void>> ShutDownAndDiscard();

  Executor& executor_;
  const Limits& limits_;
  Service& service_;
  H1Options options_;
  std::shared_ptr<H1Inbound> inbound_;
  boost::intrusive_ptr<Outbox> outbox_;
  MessageWriter writer_;
  std::unique_ptr<Takeover> takeover_;
};

Task<TakenConnection> Connection::Run() {
  Task<void> drain_watch;
  if (options_.drain != nullptr) {
    drain_watch = WakeOnDrain(*options_.drain, *inbound_);
    drain_watch.Start();
  }
  inbound_->Start();
  Next next = Next::kRequest;
  int in_a_row = 0;
  while (next == Next::kRequest) {
    if (!inbound_->has_more()) {
      in_a_row = 0;
    } else if (++in_a_row == kExchangesPerTurn) {
      in_a_row = 0;
      co_await TurnEnd(executor_);
    }
    auto request = co_await inbound_->ReadHead(options_.drain);
    Result<Next> served = Next::kClose;
    if (request) {
      served = co_await WithCancel(inbound_->gone(), Serve(*request));
    } else if (request.error().status != 0) {
      LogDebug("{}: refused a request: {}", inbound_->stream().peer().address,
               request.error().reason);
      served = co_await Refuse(request.error().status, "");
    }
    if (!served) {
      LogDebug("{}: exchange: {}", inbound_->stream().peer().address,
               ForLog(served.error().message));
    }
    next = served.value_or(Next::kClose);
    writer_.Trim();
  }
  if (next == Next::kTakenOver) {
    TakenConnection taken{.takeover = std::move(takeover_)};
    std::tie(taken.stream, taken.first) = inbound_->Release();
    co_return taken;
  }
  if (next == Next::kLinger) {
    // However it ends, there is nothing left to do but to close.
    (void)co_await WithDeadline(executor_, kLingerTime, "linger", ShutDownAndDiscard());
  }
  co_return TakenConnection();
}

Task<Result<void>> Connection::ShutDownAndDiscard() {
  auto finished = co_await WithDeadline(executor_, limits_.linger_timeout, "finish",
                                        inbound_->stream().ShutdownWrite());
  if (!finished) co_return finished;
  co_return co_await inbound_->Discard(kLingerBytes, limits_.linger_timeout);
}

Task<Result<Connection::Next>> Connection::Refuse(int status, std::string method) {
  AppendBareResponse(writer_.buffer(), status, method);
  auto sent = co_await writer_.Flush();
  if (!sent) co_return std::move(sent).error();
  co_return Next::kLinger;
}

Request Connection::MakeRequest(H1Request& parsed, std::uint64_t number) {
  Request request;
  request.head = std::move(parsed.head);
  request.peer = inbound_->stream().peer();
  request.head.scheme = request.peer.is_tls ? "https" : "http";
  std::move_only_function<void()> ask_continue;
  if (parsed.expects_continue) {
    ask_continue = [outbox = outbox_, number] {
      outbox->Queue(number, ResponseHead{.status = 100, .fields = {}});
    };
  }
  request.may_take_over = request.head.is_upgrade();
  request.body = inbound_->OpenBody(parsed.framing, std::move(ask_continue));
  if (parsed.is_http11) {
    request.interim = [outbox = outbox_, number](const ResponseHead& head) {
      outbox->Queue(number, head);
    };
  }
  return request;
}

Task<Result<Connection::Next>> Connection::Serve(H1Request& parsed) {
  const std::uint64_t number = ++outbox_->exchange;
  outbox_->text.clear();
  outbox_->wake.Reset();
  const bool is_upgrade = parsed.head.is_upgrade();
  const std::string method = parsed.head.method;

  auto exchange = service_.Exchange(MakeRequest(parsed, number));
  exchange.Start();
  while (!exchange.is_done()) {  // Interim responses are written as they come.
    co_await DoneOr(exchange, outbox_->wake);
    outbox_->wake.Reset();
    if (exchange.is_done()) break;
    writer_.buffer() += std::exchange(outbox_->text, {});
    auto flushed = co_await writer_.Flush();
    if (!flushed) co_return Wrap(std::move(flushed).error(), "send an interim response");
  }
  auto response = exchange.Take();
  exchange.Reset();
  ++outbox_->exchange;
  if (!outbox_->text.empty()) writer_.buffer() += std::exchange(outbox_->text, {});
  if (!response || (!is_upgrade && inbound_->body_error())) {
    const auto& body_error = inbound_->body_error();
    if (!response) LogDebug("exchange failed: {}", ForLog(response.error().message));
    const int status = body_error && !is_upgrade ? BodyStatusOf(body_error->kind)
                                                 : StatusOf(response.error().kind);
    co_return co_await Refuse(status, method);
  }
  if (response->is_upgraded() && is_upgrade && response->takeover) {
    co_return co_await HandOver(*response, parsed.websocket_key);
  }
  if (response->is_upgraded() && is_upgrade) {
    co_return co_await Upgrade(*response, parsed.websocket_key);
  }
  if (response->head.status < 200 || response->head.status > 599) {
    LogWarn("a response with status {} cannot be sent", response->head.status);
    co_return co_await Refuse(502, method);
  }
  const bool must_close = !parsed.keep_alive || is_draining() || inbound_->is_continue_owed() ||
                          response->head.fields.HasToken("connection", "close");
  const Persistence persistence = must_close         ? Persistence::kClose
                                  : parsed.is_http11 ? Persistence::kDefault
                                                     : Persistence::kKeepAlive;
  co_return co_await Answer(*response, method, parsed.is_http11, persistence);
}

Task<Result<Connection::Next>> Connection::Answer(Response& response, const std::string& method,
                                                  bool is_http11, Persistence persistence) {
  const BodyFraming framing = ResponseBodyFraming(response, method, is_http11);
  if (framing.kind == BodyFraming::Kind::kUntilClose) persistence = Persistence::kClose;
  AppendResponseHead(writer_.buffer(), response.head, framing, method, persistence);
  auto sent = co_await writer_.SendBody(response.body.get(), framing);
  if (!sent) co_return co_await BreakOff(Wrap(std::move(sent).error(), "send response"));
  response.body.reset();
  if (persistence == Persistence::kClose) co_return Next::kLinger;
  if (inbound_->FinishAtOnce()) co_return Next::kRequest;
  auto finished = co_await inbound_->FinishBody(kDrainedBody);
  co_return finished ? Next::kRequest : Next::kLinger;
}

Task<Result<Connection::Next>> Connection::BreakOff(Error why) {
  if (writer_.body_failed()) {
    auto flushed = co_await writer_.Flush();
    if (!flushed) co_return std::move(flushed).error();
  }
  // The close must be seen as a break: no end of chunks, no linger.
  co_return why;
}

Task<Result<Connection::Next>> Connection::HandOver(Response& response, const std::string& key) {
  AppendUpgradeHead(writer_.buffer(), response.head, WebSocketAccept(key));
  auto sent = co_await writer_.Flush();
  if (!sent) co_return Wrap(std::move(sent).error(), "send to the browser");
  takeover_ = std::move(response.takeover);
  co_return Next::kTakenOver;
}

Task<Result<Connection::Next>> Connection::Upgrade(Response& response, const std::string& key) {
  inbound_->AllowHalfClose();
  AppendUpgradeHead(writer_.buffer(), response.head, WebSocketAccept(key));
  // Incoming bytes are the Service's to pull. When the browser has finished its direction, ours has
  // a bounded time to finish too, and the other way round.
  Event expired(executor_);
  auto limit = SetAfter(executor_, inbound_->ended(), limits_.half_close_grace, expired);
  limit.Start();
  auto sent = co_await WithCancel(
      expired, writer_.SendBody(response.body.get(), {.kind = BodyFraming::Kind::kUntilClose}));
  if (!sent) co_return co_await BreakOff(Wrap(std::move(sent).error(), "send to the browser"));
  auto finished = co_await inbound_->stream().ShutdownWrite();
  if (!finished) co_return Wrap(std::move(finished).error(), "finish towards the browser");
  auto ended = co_await WithDeadline(executor_, limits_.half_close_grace, "half-closed WebSocket",
                                     WithCancel(inbound_->unwanted(), UntilSet(inbound_->ended())));
  if (ended) co_return Next::kClose;
  // The Service is done with both directions: what still comes is read only so that the browser
  // sees our last bytes.
  if (inbound_->unwanted().is_set()) co_return Next::kLinger;
  co_return std::move(ended).error();
}

}  // namespace

Task<TakenConnection> ServeH1(Executor& executor, const Limits& limits, net::StreamPtr stream,
                              Service& service, H1Options options) {
  Connection connection(executor, limits, std::move(stream), service, options);
  auto taken = co_await connection.Run();
  co_return taken;
}

}  // namespace berth::http
