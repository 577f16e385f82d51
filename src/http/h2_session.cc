#include "http/h2_session.h"

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "http/h2_callbacks.h"
#include "http/h2_memory.h"

namespace berth::http {
namespace {

// Frames that nghttp2 holds ready for a peer that makes us answer and does not read: each stream
// may have a few, and the rest are answers to PING and SETTINGS.
constexpr std::size_t kMostQueuedFrames = 4096;
// A server that drains waits one round trip before it names its last stream; this is the bound.
constexpr std::chrono::seconds kDrainNotice{1};
constexpr std::uint8_t kDrainPing[8] = {'d', 'r', 'a', 'i', 'n', 0, 0, 0};
constexpr std::uint8_t kMeasuringPing[8] = {'r', 't', 't', 0, 0, 0, 0, 0};
constexpr std::chrono::seconds kMeasureAgain{1};
// A tunnel carries the streams of many users.
constexpr double kTunnelBudgetScale = 32;
// Never reached: H2FloodGuard counts resets. nghttp2's own limit (1,000, then 33 a second) is less
// than that of a tunnel, where each request that a browser gives up is one, and beyond it no new
// stream is taken while those that are open go on: nobody notices that the connection is of no use.
constexpr std::uint64_t kNoLimit = 1'000'000'000;

/// Suspends Pump until Produce has used the stream's piece.
struct PieceUsed {
  H2Stream& stream;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) { stream.pump = caller; }
  void await_resume() const {}
};

/// Whether the peer takes nothing of the stream for now.
bool IsShut(nghttp2_session* session, std::int32_t id) {
  return nghttp2_session_get_stream_remote_window_size(session, id) <= 0;
}

/// The options of a session. The caller owns them.
nghttp2_option* MakeOption(const H2Options& options) {
  nghttp2_option* made = nullptr;
  CHECK(nghttp2_option_new(&made) == 0);
  nghttp2_option_set_no_auto_window_update(made, 1);  // Readers credit, not arrival.
  nghttp2_option_set_no_closed_streams(made, 1);
  nghttp2_option_set_stream_reset_rate_limit(made, kNoLimit, kNoLimit);
  nghttp2_option_set_max_deflate_dynamic_table_size(made, options.field_table);
  // nghttp2 counts less of a field than that, and says nothing of a head that it drops.
  nghttp2_option_set_max_send_header_block_length(made, options.sent_head_bytes);
  return made;
}

}  // namespace

H2Session::H2Session(Role role, Executor& executor, const Limits& limits, H2Options options)
    : executor_(executor),
      limits_(limits),
      options_(WithDefaults(std::move(options), limits)),
      role_(role),
      output_(executor, WakeTime::kTurnEnd),
      guard_({.expects_preface = role == Role::kServer,
              .scale = options_.carrier == H2Carrier::kTunnel ? kTunnelBudgetScale : 1,
              // Compressed, a head is never larger than its text and a few bytes a field.
              .head_bytes = options_.head_bytes + 16 * 1024,
              // Who is a little beyond the limit learns it by a status; twice as much is no head.
              .decoded_bytes = 2 * options_.head_bytes}),
      drain_timer_([this] { SubmitFinalGoaway(); }),
      idle_since_(executor.now()) {
  if (options_.carrier == H2Carrier::kBrowser) {
    stall_ = std::make_unique<StallWatch>(Timer([this] { EndStalled(); }));
  }
  nghttp2_option* const option = MakeOption(options_);
  const auto made =
      role == Role::kServer ? nghttp2_session_server_new3 : nghttp2_session_client_new3;
  CHECK(made(&session_, H2CallbackTable(), this, option, H2Memory()) == 0);
  SubmitSettings();
  nghttp2_option_del(option);
  CHECK(nghttp2_session_set_local_window_size(
            session_, NGHTTP2_FLAG_NONE, 0,
            static_cast<std::int32_t>(options_.connection_window)) == 0);
  Signal();
}

void H2Session::SubmitSettings() {
  const auto list_size = static_cast<std::uint32_t>(options_.head_bytes);
  const nghttp2_settings_entry of_role =
      role_ == Role::kServer
          ? nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options_.max_streams}
          : nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
  std::vector<nghttp2_settings_entry> settings{
      of_role,
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options_.stream_window},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, options_.frame_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, list_size},
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, options_.field_table}};
  if (role_ == Role::kServer) settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
        0);
}

H2Session::~H2Session() {
  DropStreams(Unavailable("the connection was closed"));
  for (H2Inbound& inbound : inbounds_) {
    inbound.session_ = nullptr;
    inbound.stream_ = nullptr;
  }
  inbounds_.clear();
  nghttp2_session_del(session_);
}

Result<void> H2Session::Receive(MutableBytes bytes) {
  if (failure_) return *failure_;
  if (is_closed_) return Unavailable("the connection was closed");
  is_inside_ = true;
  auto allowed = guard_.Inspect(bytes, executor_.now());
  if (allowed) {
    const ssize_t taken = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (taken < 0) {
      const auto code = static_cast<int>(taken);
      Fail(Invalid(std::string("HTTP/2: ") + nghttp2_strerror(code)),
           code == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
    } else if (nghttp2_session_get_outbound_queue_size(session_) > kMostQueuedFrames) {
      Fail(TooLarge("too many answers wait to be read"), NGHTTP2_ENHANCE_YOUR_CALM);
    }
  } else {
    Fail(std::move(allowed).error(), NGHTTP2_ENHANCE_YOUR_CALM);
  }
  Settle();
  if (failure_) return *failure_;
  return Ok();
}

bool H2Session::wants_write() const {
  return !is_closed_ && (nghttp2_session_want_write(session_) != 0 || !hungry_.empty());
}

std::size_t H2Session::Produce(PayloadWriter& out, std::size_t limit) {
  output_.Reset();
  const std::size_t before = out.size();
  if (is_closed_) return 0;
  is_inside_ = true;
  out_ = &out;
  out_end_ = before + limit;
  is_out_full_ = false;
  Refill();  // What the last call took has been written since.
  for (;;) {
    const std::uint8_t* frame = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &frame);
    if (size < 0) {
      Close(Internal(std::string("HTTP/2: ") + nghttp2_strerror(static_cast<int>(size))));
      break;
    }
    out.Append(std::as_bytes(std::span(frame, static_cast<std::size_t>(size))));
    if (is_out_full_ || out.size() + kH2FrameHeader + kH2LeastData > out_end_) break;
    if (size > 0) continue;
    if (hungry_.empty()) break;
    Refill();
  }
  out_ = nullptr;
  Settle();
  return out.size() - before;
}

void H2Session::Refill() {
  // Not executor_.Ready: with the pumps' next pieces, this very call goes on. A pump here is on top
  // of the owner's stack as any body is on its reader's.
  H2HungryList ready;
  ready.swap(hungry_);
  while (!ready.empty()) {
    H2Stream& stream = ready.front();
    ready.pop_front();
    std::exchange(stream.pump, nullptr).resume();
  }
}

void H2Session::Settle() {
  if (has_flooded_ && !failure_) {
    Fail(TooLarge(role_ == Role::kServer ? "flood of requests that had to be reset"
                                         : "flood of interim responses"),
         NGHTTP2_ENHANCE_YOUR_CALM);
  }
  dead_.clear_and_dispose([](H2Stream* stream) { delete stream; });
  if (!is_closed_ && is_finished() && stream_count_ > 0) {
    // nghttp2 found an error of the connection and has said so in a GOAWAY.
    DropStreams(Unavailable("the connection ended with an error"));
  }
  is_inside_ = false;
  Signal();
}

void H2Session::Signal() {
  if (is_inside_ || output_.is_set()) return;
  if (wants_write() || is_finished()) output_.Set();
}

bool H2Session::is_finished() const {
  return is_closed_ || (nghttp2_session_want_read(session_) == 0 &&
                        nghttp2_session_want_write(session_) == 0 && hungry_.empty());
}

void H2Session::Drain() {
  if (std::exchange(draining_, true) || is_closed_ || failure_) return;
  if (role_ == Role::kServer) {
    nghttp2_submit_shutdown_notice(session_);
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, kDrainPing);
    executor_.ArmAfter(drain_timer_, kDrainNotice);
  } else {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
  }
  Signal();
}

void H2Session::SubmitFinalGoaway() {
  if (!draining_ || std::exchange(is_last_goaway_sent_, true)) return;
  drain_timer_.Disarm();
  if (is_closed_ || failure_) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  Signal();
}

void H2Session::Close(Error error) {
  if (std::exchange(is_closed_, true)) return;
  drain_timer_.Disarm();
  stall_.reset();
  DropStreams(error);
  if (!failure_) failure_ = std::move(error);
  if (!output_.is_set()) output_.Set();
}

void H2Session::CloseAndDiscard(const Error& error) {
  Close(error);
  for (H2Inbound& inbound : inbounds_) inbound.Drop(error);
}

void H2Session::Fail(Error error, std::uint32_t code) {
  if (failure_) return;
  LogDebug("HTTP/2 connection of {} ends: {}", ForLog(options_.peer.address), error.ToString());
  failure_ = std::move(error);
  drain_timer_.Disarm();
  if (nghttp2_session_terminate_session(session_, code) != 0) is_closed_ = true;
  // What was wrong with the connection says nothing of any one exchange.
  DropStreams(Unavailable(failure_->message));
}

void H2Session::DropStreams(const Error& error) {
  while (!open_.empty()) {
    H2Stream& stream = open_.front();
    open_.pop_front();
    nghttp2_session_set_stream_user_data(session_, stream.id, nullptr);
    stream.inbound->stream_ = nullptr;
    stream.inbound->Fail(error);
    --stream_count_;
    delete &stream;
  }
  idle_since_ = executor_.now();
  dead_.clear_and_dispose([](H2Stream* stream) { delete stream; });
}

void H2Session::Ping() {
  if (is_closed_ || failure_) return;
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  Signal();
}

std::unique_ptr<H2Stream> H2Session::MakeStream() {
  auto stream = std::make_unique<H2Stream>();
  stream->inbound = std::allocate_shared<H2Inbound>(PoolAllocator<H2Inbound>(), executor_, *this,
                                                    options_.stream_window);
  inbounds_.push_back(*stream->inbound);
  return stream;
}

void H2Session::Adopt(std::unique_ptr<H2Stream> stream, std::int32_t id) {
  stream->id = id;
  stream->inbound->stream_ = stream.get();
  nghttp2_session_set_stream_user_data(session_, id, stream.get());
  open_.push_back(*stream.release());
  ++stream_count_;
}

/// Resets the stream whose body threw: the peer would wait for the rest for ever.
struct H2Session::ResetIfThrown {
  H2Session& session;
  H2Stream& stream;
  ~ResetIfThrown() {
    if (std::uncaught_exceptions() > 0) session.Reset(stream, NGHTTP2_INTERNAL_ERROR);
  }
};

Task<void> H2Session::Pump(H2Stream& stream, Body& body) {
  const ResetIfThrown guard{*this, stream};
  for (;;) {
    auto piece = co_await body.Read();
    if (!piece) {
      LogDebug("HTTP/2 stream {}: outgoing body: {}", stream.id, piece.error().ToString());
      // Who waits for the response hears of this rather than of the reset.
      if (role_ == Role::kClient) stream.inbound->Fail(piece.error());
      BreakOff(stream, piece.error().kind == ErrorKind::kCancelled ? NGHTTP2_CANCEL
                                                                   : NGHTTP2_INTERNAL_ERROR);
      co_return;
    }
    const std::uint64_t sent = stream.sent + piece->size();
    const bool is_wrong =
        stream.declared && (piece->empty() ? sent < *stream.declared : sent > *stream.declared);
    if (is_wrong) {
      LogDebug("HTTP/2 stream {}: outgoing body does not match its length", stream.id);
      BreakOff(stream, NGHTTP2_INTERNAL_ERROR);
      co_return;
    }
    stream.sent = sent;
    if (piece->empty()) {
      EndOutgoing(stream);
      co_return;
    }
    stream.piece = *piece;
    // The end goes out with the last piece, not in a frame of its own. The body is read on all the
    // same: its end tells its owner that it was used.
    stream.at_end = stream.declared && stream.sent == *stream.declared;
    ResumeOutgoing(stream);
    if (stall_ && !stall_->timer.is_armed()) {
      executor_.ArmAfter(stall_->timer, limits_.write_stall_timeout);
    }
    co_await PieceUsed{stream};
  }
}

void H2Session::BreakOff(H2Stream& stream, std::uint32_t code) {
  // A response's head may still wait in nghttp2, which would drop it.
  if (role_ == Role::kClient || stream.is_head_out) {
    Reset(stream, code);
  } else {
    stream.break_off = code;
  }
}

void H2Session::EndStalled() {
  if (is_closed_ || failure_) return;
  // Streams that others go before, in a transport that flows, have their own windows open.
  const bool has_sent =
      std::exchange(stall_->data_sent_before, stall_->data_sent) != stall_->data_sent;
  const bool is_shut = !has_sent && nghttp2_session_get_remote_window_size(session_) <= 0;
  bool is_any = false;
  for (H2Stream& stream : open_) {
    if (stream.piece.empty()) continue;
    is_any = true;
    const std::uint64_t taken = stream.sent - stream.piece.size();
    const bool has_moved = std::exchange(stream.taken_before, taken) != taken;
    if (has_moved || !(is_shut || IsShut(session_, stream.id))) continue;
    LogDebug("HTTP/2 stream {}: nothing of its body is taken", stream.id);
    Reset(stream, NGHTTP2_CANCEL);
  }
  if (is_any) executor_.ArmAfter(stall_->timer, limits_.write_stall_timeout);
}

void H2Session::EndOutgoing(H2Stream& stream) {
  stream.at_end = true;
  ResumeOutgoing(stream);
}

void H2Session::ResumeOutgoing(H2Stream& stream) {
  if (std::exchange(stream.is_deferred, false)) nghttp2_session_resume_data(session_, stream.id);
  Signal();
}

void H2Session::SubmitInterim(H2Stream& stream, const ResponseHead& head) {
  if (stream.has_head || is_closed_ || failure_) return;
  const H2HeadWriter fields(head, head.status);
  if (!fields.fits(options_.sent_head_bytes)) return;
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, fields.data(),
                         fields.size(), nullptr);
  Signal();
}

void H2Session::Reset(H2Stream& stream, std::uint32_t code) {
  if (stream.inbound->stream_ == nullptr || is_closed_ || failure_) return;
  if (std::exchange(stream.is_reset, true)) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, code);
  Signal();
}

void H2Session::Credit(H2Stream* stream, std::size_t used) {
  if (is_closed_ || failure_) return;
  if (stream != nullptr) {
    const bool is_tunnel = options_.carrier == H2Carrier::kTunnel;
    const std::size_t credit = is_tunnel ? AdaptWindow(*stream, used) : used;
    nghttp2_session_consume_stream(session_, stream->id, credit);
  }
  if (options_.carrier != H2Carrier::kTunnel) nghttp2_session_consume_connection(session_, used);
  Signal();
}

std::size_t H2Session::AdaptWindow(H2Stream& stream, std::size_t used) {
  H2Window& window = stream.inbound->window_;
  const auto step = window.Use(used, executor_.now(), round_trip_, limits_);
  if (step.window) {
    const int failed = nghttp2_session_set_local_window_size(
        session_, NGHTTP2_FLAG_NONE, stream.id, static_cast<std::int32_t>(*step.window));
    if (failed != 0) LogDebug("HTTP/2 stream {}: its window stays", stream.id);
  }
  if (window.is_busy()) MeasureRoundTrip();
  return step.credit;
}

void H2Session::MeasureRoundTrip() {
  const TimePoint now = executor_.now();
  if (is_measuring_ || (measured_at_ && now - *measured_at_ < kMeasureAgain)) return;
  if (nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, kMeasuringPing) != 0) return;
  is_measuring_ = true;
  measured_at_ = now;
}

void H2Session::OnPong(std::span<const std::uint8_t> payload) {
  if (std::ranges::equal(payload, kDrainPing)) SubmitFinalGoaway();
  if (!is_measuring_ || !std::ranges::equal(payload, kMeasuringPing)) return;
  is_measuring_ = false;
  const Duration trip = executor_.now() - *measured_at_;
  round_trip_ = std::min(trip, round_trip_.value_or(trip));
}

void H2Session::NoteBuffered(std::ptrdiff_t change) {
  buffered_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(buffered_) + change);
  peak_buffered_ = std::max(peak_buffered_, buffered_);
}

}  // namespace berth::http
