#include "http/websocket.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace berth::http {
namespace {

/// Of ping_after: how often a channel that is never quiet is measured.
constexpr int kMeasureEvery = 3;

// Waits until one of two events is set. The second may be absent, and may be destroyed meanwhile.
struct Either {
  using Wait = decltype(std::declval<Event&>().Wait());

  Either(Event& one, Event* two) : first(one.Wait()) {
    if (two != nullptr) second.emplace(two->Wait());
  }
  bool await_ready() const { return first.await_ready() || (second && second->await_ready()); }
  void await_suspend(std::coroutine_handle<> caller) {
    first.await_suspend(caller);
    if (second) second->await_suspend(caller);
  }
  // Whichever of the two wakes the coroutine, the end of this awaiter unlinks the other.
  void await_resume() const {}

  Wait first;
  std::optional<Wait> second;
};

}  // namespace

// What waits to be sent, and the buffer that the transport writes from.
struct WebSocketChannel::Outbox {
  Outbox(Executor& executor, WebSocketRole own_role, const Options& options)
      : role(own_role),
        piece(options.piece),
        mask_key(options.mask_key),
        output(executor, WakeTime::kTurnEnd) {}

  std::optional<MaskKey> NextKey() {
    if (role == WebSocketRole::kAcceptor) return std::nullopt;
    return mask_key();
  }
  void Queue(WebSocketOpcode opcode, std::string_view payload) {
    AppendFrame(frames, opcode, payload, NextKey());
    output.Set();
  }
  // Everything that there is to send, up to a piece of binary payload; empty: nothing.
  [[gnu::noinline]] MutableBytes Fill();  // For the frame of Outgoing::Read, as in websocket.h.
  void Finish() {
    is_finished = true;
    ClearSource();
    output.Set();
  }
  void ClearSource() {
    source = nullptr;
    source_ready = nullptr;
  }
  // Nothing is left to send: wait for what comes next.
  void Rest() {
    output.Reset();
    if (source_ready != nullptr) source_ready->Reset();
  }

  const WebSocketRole role;
  const std::size_t piece;
  MaskKey (*const mask_key)();
  Event output;                     // Something to send, or the end.
  std::string frames;               // Whole frames: text and control.
  std::optional<std::string> pong;  // Only the newest ping need be answered (RFC 6455, 5.5.3).
  BinarySource source;
  Event* source_ready = nullptr;  // Null without a source.
  bool is_close_sent = false;
  bool is_finished = false;      // The end comes after what is queued.
  std::optional<Error> failure;  // The end comes at once.
  bool is_lent = false;          // The transport still writes from `buffer`.
  std::string buffer;
  std::move_only_function<void()> on_dropped;  // The transport let go of us.
};

// One contiguous piece: [frames][header][binary payload]. The payload is produced in place behind
// room for the rest; the header's size depends on the payload's, so both are put right before it.
MutableBytes WebSocketChannel::Outbox::Fill() {
  if (pong) {
    const std::string payload = std::move(*std::exchange(pong, std::nullopt));
    AppendFrame(frames, WebSocketOpcode::kPong, payload, NextKey());
  }
  buffer.clear();
  std::size_t room = 0;
  std::optional<MaskKey> key;
  if (source && !is_close_sent) {
    room = frames.size() + kMaxFrameHeader;
    buffer.resize(room);
    key = NextKey();
    PayloadWriter payload(buffer, key);
    source(payload, piece);
  }
  if (buffer.size() == room) {
    buffer.swap(frames);
    frames.clear();
    return std::as_writable_bytes(std::span(buffer));
  }
  const MutableBytes all = std::as_writable_bytes(std::span(buffer));
  const std::size_t size = all.size() - room;
  const std::size_t header_at = room - FrameHeaderSize(size, key.has_value());
  const std::size_t start = header_at - frames.size();
  std::memcpy(all.data() + start, frames.data(), frames.size());
  frames.clear();
  WriteFrameHeader(all.data() + header_at, WebSocketOpcode::kBinary, size, key);
  return all.subspan(start);
}

class WebSocketChannel::Outgoing : public Body {
 public:
  explicit Outgoing(std::shared_ptr<Outbox> outbox) : outbox_(std::move(outbox)) {}
  ~Outgoing() override {
    if (outbox_->on_dropped) outbox_->on_dropped();
  }

  Task<Result<MutableBytes>> Read() override {
    outbox_->is_lent = false;
    for (;;) {
      co_await Either(outbox_->output, outbox_->source_ready);
      if (outbox_->failure) co_return *outbox_->failure;
      const MutableBytes piece = outbox_->Fill();
      if (!piece.empty()) {
        outbox_->is_lent = true;
        co_return piece;
      }
      if (outbox_->is_finished) co_return MutableBytes{};
      outbox_->Rest();
    }
  }

 private:
  std::shared_ptr<Outbox> outbox_;
};

WebSocketChannel::WebSocketChannel(Executor& executor, WebSocketRole role, Options options)
    : executor_(executor),
      options_(std::move(options)),
      decoder_(role, {.max_text = options_.max_text, .accept_binary = options_.accept_binary}),
      outbox_(std::make_shared<Outbox>(executor, role, options_)),
      broken_(executor),
      last_received_(executor.now()),
      liveness_timer_([this] { OnLivenessTimer(); }) {
  outbox_->on_dropped = [this] { Fail(Unavailable("websocket: the connection is gone")); };
}

WebSocketChannel::WebSocketChannel(Executor& executor, WebSocketRole role, BodyPtr incoming,
                                   Options options)
    : WebSocketChannel(executor, role, std::move(options)) {
  Attach(std::move(incoming));
}

void WebSocketChannel::Attach(BodyPtr incoming) {
  CHECK(incoming_ == nullptr && incoming != nullptr);
  incoming_ = std::move(incoming);
  last_received_ = executor_.now();
  if (options_.ping_after > Duration::zero()) {
    executor_.ArmAfter(liveness_timer_, options_.ping_after);
  }
}

WebSocketChannel::~WebSocketChannel() {
  outbox_->on_dropped = nullptr;
  if (!outbox_->is_close_sent) SendClose(close_code::kGoingAway, "");
  outbox_->Finish();
}

BodyPtr WebSocketChannel::TakeOutgoing() { return std::make_unique<Outgoing>(outbox_); }

Task<Result<WebSocketEvent>> WebSocketChannel::Receive() {
  CHECK(incoming_ != nullptr);
  for (;;) {
    if (error_) co_return *error_;
    if (is_peer_closed_) co_return Unavailable("websocket: closed");
    auto event = decoder_.Next(input_);
    const std::size_t idle_frames = decoder_.TakeIdleFrames();
    const bool is_text = event && *event && (*event)->kind == WebSocketEvent::Kind::kText;
    if ((idle_frames > 0 || is_text) && IsTooMuch(idle_frames, is_text ? &**event : nullptr)) {
      co_return *error_;
    }
    if (!event) {
      SendClose(decoder_.failure_code(), event.error().message);
      outbox_->Finish();
      Fail(std::move(event).error());
      co_return *error_;
    }
    if (!*event) {
      auto reading = incoming_->Read();
      reading.Start();
      co_await DoneOr(reading, broken_);
      if (error_) co_return *error_;
      auto taken = TakeInput(reading.Take());
      if (!taken) co_return std::move(taken).error();
      continue;
    }
    switch ((*event)->kind) {
      case WebSocketEvent::Kind::kPing:
        if (outbox_->is_close_sent) break;
        outbox_->pong.emplace((*event)->text());
        outbox_->output.Set();
        break;
      case WebSocketEvent::Kind::kPong:
        TakePong((*event)->text());
        break;
      case WebSocketEvent::Kind::kClose:
        TakeClose(**event);
        co_return **event;
      case WebSocketEvent::Kind::kText:
      case WebSocketEvent::Kind::kBinary:
        if (is_closing_) break;
        co_return **event;
    }
  }
}

Result<void> WebSocketChannel::TakeInput(Result<MutableBytes> read) {
  if (!read) {
    Fail(Wrap(std::move(read).error(), "websocket"));
    return *error_;
  }
  if (read->empty()) {
    Fail(Unavailable("websocket: the peer ended the connection without closing it"));
    return *error_;
  }
  input_ = *read;
  last_received_ = executor_.now();
  return Ok();
}

// Whether the peer sent more than it may with these; then the channel is broken.
bool WebSocketChannel::IsTooMuch(std::size_t idle_frames, const WebSocketEvent* text) {
  if (options_.counted == Counted::kNothing) return false;
  auto bytes = static_cast<double>(idle_frames * kLeastCounted);
  if (text != nullptr && options_.counted == Counted::kAllButData) {
    // One message is not too much by itself, whatever the limit of its size is.
    const auto size = static_cast<double>(std::max(text->data.size(), kLeastCounted));
    bytes += std::min(size, kPeerRate.burst);
  }
  if (allowance_.Spend(kPeerRate, executor_.now(), bytes)) return false;
  constexpr std::string_view kWhy = "more messages or control frames than an honest peer sends";
  SendClose(close_code::kPolicy, kWhy);
  outbox_->Finish();
  Fail(TooLarge(fmt::format("websocket: {}", kWhy)));
  return true;
}

void WebSocketChannel::TakePong(std::string_view payload) {
  if (!is_ping_pending_ || payload != std::to_string(ping_number_)) return;
  is_ping_pending_ = false;
  latency_ = executor_.now() - ping_sent_;
  // Else it would come twice for each ping, once for nothing.
  if (options_.ping_after > Duration::zero()) executor_.Arm(liveness_timer_, QuietUntil());
  if (on_pong_) on_pong_();
}

void WebSocketChannel::TakeClose(const WebSocketEvent& event) {
  is_peer_closed_ = true;
  if (close_timer_) close_timer_->Disarm();
  liveness_timer_.Disarm();
  SendClose(event.code, "");
  outbox_->Finish();
}

Result<void> WebSocketChannel::SendText(std::string_view text) {
  if (error_) return *error_;
  if (!is_open()) return Unavailable("websocket: closed");
  if (outbox_->frames.size() + text.size() > options_.max_queued) {
    return TooLarge("websocket: the peer does not read its messages");
  }
  outbox_->Queue(WebSocketOpcode::kText, text);
  return Ok();
}

void WebSocketChannel::SetBinarySource(BinarySource source, Event& ready) {
  outbox_->source = std::move(source);
  outbox_->source_ready = &ready;
  outbox_->output.Set();
}

void WebSocketChannel::ClearBinarySource() { outbox_->ClearSource(); }

void WebSocketChannel::Close(std::uint16_t code, std::string_view reason) {
  if (error_ || std::exchange(is_closing_, true)) return;
  if (is_peer_closed_) return;
  SendClose(code, reason);
  close_timer_ = std::make_unique<Timer>(
      [this] { Abort(Timeout("websocket: no answer to our close frame")); });
  executor_.ArmAfter(*close_timer_, options_.close_timeout);
}

void WebSocketChannel::SendClose(std::uint16_t code, std::string_view reason) {
  if (std::exchange(outbox_->is_close_sent, true)) return;
  outbox_->pong.reset();
  outbox_->Queue(WebSocketOpcode::kClose, ClosePayload(code, reason));
}

void WebSocketChannel::Abort(Error error) {
  if (!outbox_->failure) outbox_->failure = error;
  outbox_->Finish();
  Fail(std::move(error));
}

void WebSocketChannel::Fail(Error error) {
  if (error_) return;
  error_ = std::move(error);
  outbox_->Finish();
  liveness_timer_.Disarm();
  if (close_timer_) close_timer_->Disarm();
  broken_.Set();
}

void WebSocketChannel::Ping() {
  if (is_ping_pending_ || outbox_->is_close_sent || error_) return;
  is_ping_pending_ = true;
  ping_sent_ = executor_.now();
  outbox_->Queue(WebSocketOpcode::kPing, std::to_string(++ping_number_));
  if (options_.ping_answer > Duration::zero()) {
    executor_.ArmAfter(liveness_timer_, options_.ping_answer);
  }
}

/// When a ping is due if nothing comes.
TimePoint WebSocketChannel::QuietUntil() const {
  const TimePoint due = last_received_ + options_.ping_after;
  const Duration step = options_.ping_after / 100;
  return step > Duration::zero() ? due - due.time_since_epoch() % step : due;
}

void WebSocketChannel::OnLivenessTimer() {
  // Quiet for a while: an idle channel costs little.
  if (!outbox_->is_lent) outbox_->buffer = {};
  if (outbox_->frames.empty()) outbox_->frames = {};
  const TimePoint quiet_until = QuietUntil();
  if (is_ping_pending_ && last_received_ <= ping_sent_) {
    if (executor_.now() >= ping_sent_ + options_.ping_answer) {
      Abort(Timeout("websocket: no sign of life from the peer"));
      return;
    }
    executor_.Arm(liveness_timer_, ping_sent_ + options_.ping_answer);
  } else if (executor_.now() >= quiet_until) {
    is_ping_pending_ = false;  // Never answered, but other bytes came.
    Ping();
  } else {
    executor_.Arm(liveness_timer_, quiet_until);
    // One that is never quiet is measured all the same.
    if (executor_.now() >= ping_sent_ + kMeasureEvery * options_.ping_after) Ping();
  }
}

}  // namespace berth::http
