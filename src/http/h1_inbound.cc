#include "http/h1_inbound.h"

namespace berth::http {
namespace {

// Bytes kept of what a browser sends while its request is being served: pipelined requests.
constexpr std::size_t kPipelinedBytes = 64 * 1024;

/// Disarms the timer however the wait ends: the waiting Task may be dropped, and that so late that
/// the timer is a later generation's by then.
class DisarmOnExit {
 public:
  DisarmOnExit(Timer& timer, const std::uint64_t& generation)
      : timer_(timer), generation_(generation), own_(generation) {}
  ~DisarmOnExit() {
    if (generation_ == own_) timer_.Disarm();
  }

 private:
  Timer& timer_;
  const std::uint64_t& generation_;
  std::uint64_t own_;
};

}  // namespace

class H1Inbound::RequestBody : public Body {
 public:
  RequestBody(std::shared_ptr<H1Inbound> inbound, std::uint64_t generation,
              std::optional<std::uint64_t> length)
      : inbound_(std::move(inbound)), generation_(generation), length_(length) {}
  ~RequestBody() override {
    if (generation_ == inbound_->generation_) inbound_->unwanted_.Set();
  }

  Task<Result<MutableBytes>> Read() override { return inbound_->ReadBody(generation_); }
  std::optional<std::uint64_t> length() const override { return length_; }

 private:
  std::shared_ptr<H1Inbound> inbound_;
  std::uint64_t generation_;
  std::optional<std::uint64_t> length_;
};

H1Inbound::H1Inbound(Executor& executor, const Limits& limits, net::StreamPtr stream)
    : executor_(executor),
      limits_(limits),
      stream_(std::move(stream)),
      reader_(*stream_),
      arrived_(executor),
      room_(executor),
      gone_(executor),
      ended_(executor),
      unwanted_(executor),
      deadline_([this] {
        timed_out_ = true;
        arrived_.Set();
      }) {}

void H1Inbound::Start() {
  pump_ = Pump();
  pump_.Start();
}

void H1Inbound::Abandon() noexcept {
  pump_.Reset();
  deadline_.Disarm();
  if (stream_) stream_->Close();
  ++generation_;
  is_broken_ = true;
  ask_continue_ = nullptr;
  ended_.Set();
  arrived_.Set();
}

std::pair<net::StreamPtr, std::string> H1Inbound::Release() {
  pump_.Reset();
  std::string rest(net::AsText(reader_.Contiguous()));
  net::StreamPtr stream = std::move(stream_);
  Abandon();
  return {std::move(stream), std::move(rest)};
}

Task<void> H1Inbound::Pump() {
  for (;;) {
    while (reader_.size() >= std::max<std::size_t>(keep_, 1)) {
      room_.Reset();
      co_await room_.Wait();
    }
    auto more = co_await reader_.Fill();
    if (!more || !*more) {
      is_broken_ = !more;
      ended_.Set();
      arrived_.Set();
      if (is_broken_ || !may_half_close_) gone_.Set();
      co_return;
    }
    arrived_.Set();
  }
}

void H1Inbound::KeepUpTo(std::size_t bytes) {
  keep_ = bytes;
  room_.Set();
}

void H1Inbound::ArmDeadline(Duration limit) {
  timed_out_ = false;
  executor_.ArmAfter(deadline_, limit);
}

Task<std::expected<H1Request, H1Refusal>> H1Inbound::ReadHead(const Event* drain) {
  constexpr auto kNothing = [](std::string_view reason) {
    return std::unexpected(H1Refusal{.status = 0, .reason = reason});
  };
  HeadScanner scanner(HeadScanner::Kind::kRequest, limits_);
  const DisarmOnExit guard(deadline_, generation_);
  bool is_started = false;
  // A new connection is there for a request; one that says nothing is worth no more than that.
  ArmDeadline(has_had_request_ ? limits_.idle_timeout : limits_.head_timeout);
  for (;;) {
    const std::string_view text = net::AsText(reader_.Contiguous());
    if (!text.empty()) {
      const auto size = scanner.Scan(text);
      if (!size) co_return std::unexpected(size.error());
      if (*size > 0) {
        auto request = ParseRequestHead(text.substr(0, *size), limits_);
        reader_.Consume(*size);
        has_had_request_ = true;
        co_return request;
      }
      if (!is_started) ArmDeadline(limits_.head_timeout);
      is_started = true;
    } else if (drain != nullptr && drain->is_set()) {
      co_return kNothing("draining");
    }
    if (ended_.is_set()) co_return kNothing("the browser closed the connection");
    if (timed_out_ && is_started) co_return std::unexpected(H1Refusal{408, "the head took long"});
    if (timed_out_) co_return kNothing("idle");
    arrived_.Reset();
    KeepUpTo(text.size() + 1);
    co_await arrived_.Wait();
  }
}

BodyPtr H1Inbound::OpenBody(BodyFraming framing, std::move_only_function<void()> ask_continue) {
  framing_ = framing;
  decoder_ = H1BodyDecoder(framing);
  body_error_.reset();
  unwanted_.Reset();
  ask_continue_ = std::move(ask_continue);
  ++generation_;
  if (framing.kind == BodyFraming::Kind::kNone) {
    KeepUpTo(kPipelinedBytes);
    return nullptr;
  }
  KeepUpTo(0);
  return std::make_unique<RequestBody>(shared_from_this(), generation_, decoder_.length());
}

void H1Inbound::ReleaseLent() {
  if (lent_ == 0) return;
  reader_.Consume(std::exchange(lent_, 0));
}

Task<Result<MutableBytes>> H1Inbound::ReadBody(std::uint64_t generation) {
  if (generation != generation_) co_return Unavailable("the exchange is over");
  ReleaseLent();
  const DisarmOnExit guard(deadline_, generation_);
  bool is_armed = false;
  for (;;) {
    if (generation != generation_) co_return Unavailable("the exchange is over");
    if (body_error_) co_return *body_error_;
    if (decoder_.is_done()) {
      KeepUpTo(kPipelinedBytes);
      co_return MutableBytes{};
    }
    const MutableBytes in = reader_.buffered();
    if (!in.empty()) {
      ask_continue_ = nullptr;
      auto step = decoder_.Decode(in);
      if (!step) {
        body_error_ = std::move(step).error();
      } else if (step->data.empty()) {
        reader_.Consume(step->consumed);
      } else {
        lent_ = step->consumed;
        co_return step->data;
      }
      continue;
    }
    if (ended_.is_set()) {
      if (!is_broken_ && decoder_.may_end_here()) co_return MutableBytes{};
      body_error_ = Unavailable("the browser went away in the middle of a request body");
      continue;
    }
    if (is_armed && timed_out_) {
      body_error_ = Timeout("the request body stalls");
      continue;
    }
    if (ask_continue_) std::exchange(ask_continue_, nullptr)();
    if (!is_armed && framing_.kind != BodyFraming::Kind::kUntilClose) {
      ArmDeadline(limits_.body_stall_timeout);
      is_armed = true;
    }
    arrived_.Reset();
    KeepUpTo(0);
    co_await arrived_.Wait();
  }
}

bool H1Inbound::FinishAtOnce() {
  if (framing_.kind != BodyFraming::Kind::kNone) return false;
  ++generation_;
  return true;
}

Task<bool> H1Inbound::FinishBody(std::uint64_t limit) {
  ++generation_;
  ReleaseLent();
  const std::uint64_t generation = generation_;
  for (std::uint64_t dropped = 0; dropped <= limit;) {
    auto piece = co_await ReadBody(generation);
    if (!piece) co_return false;
    if (piece->empty()) co_return true;
    dropped += piece->size();
  }
  co_return false;
}

Task<Result<void>> H1Inbound::Discard(std::uint64_t limit, Duration silence) {
  ++generation_;
  lent_ = 0;
  const DisarmOnExit guard(deadline_, generation_);
  ArmDeadline(silence);
  for (std::uint64_t dropped = 0; dropped <= limit;) {
    while (!reader_.empty()) {
      const std::size_t size = reader_.buffered().size();
      dropped += size;
      reader_.Consume(size);
      ArmDeadline(silence);
    }
    if (ended_.is_set()) break;
    if (timed_out_) co_return Timeout("nothing more comes");
    arrived_.Reset();
    KeepUpTo(0);
    co_await arrived_.Wait();
  }
  co_return Ok();
}

}  // namespace berth::http
