#include "http/h1_client.h"

#include "http/grammar.h"
#include "http/h1_body.h"
#include "http/h1_pool.h"
#include "http/websocket_handshake.h"

namespace berth::http {
namespace {

using Kind = BodyFraming::Kind;

// How long a head waits for the first bytes of the body that it announces.
constexpr std::chrono::milliseconds kTogether{1};

bool IsIdempotent(std::string_view method) {
  return IsSafeMethod(method) || method == "PUT" || method == "DELETE";
}

BodyFraming RequestFraming(const Request& request) {
  if (request.head.is_upgrade()) return {};
  if (request.body) {
    if (const auto length = request.body->length()) {
      return {.kind = Kind::kLength, .length = *length};
    }
    return {.kind = Kind::kChunked};
  }
  // RFC 9110, section 8.6: said where a body is expected.
  const std::string& method = request.head.method;
  const bool expects = method == "POST" || method == "PUT" || method == "PATCH";
  return {.kind = expects ? Kind::kLength : Kind::kNone, .length = 0};
}

/// One exchange on one connection; as a Body, what is left of it after the response head.
class Call : public Body {
 public:
  Call(const Limits& limits, H1Pool::Lease lease, Request request)
      : limits_(limits),
        lease_(std::move(lease)),
        request_(std::move(request)),
        request_framing_(RequestFraming(request_)) {}
  ~Call() override {
    upload_.Reset();
    if (!lease_ || !is_answered_) return;
    lease_.connection().reader.Consume(std::exchange(lent_, 0));
    if (decoder_.is_done()) Finish();
  }

  /// Sends the request and waits for the head of the response, which is in answer() then.
  Task<Result<void>> AwaitHead();
  H1Response& answer() { return answer_; }
  /// Checks an answer() that is an upgrade, and prepares for its body. False: there is no body to
  /// read.
  Result<bool> Accept();
  /// Waits a moment for the body to begin, if the head gives its length. Many origins send the two
  /// apart, one right behind the other: together they cost everybody on their way to the browser
  /// one wake-up and one packet. What has no length may be a stream, whose head is not held up.
  Task<void> AwaitBegin(Executor& executor);

  Task<Result<MutableBytes>> Read() override;
  std::optional<std::uint64_t> length() const override { return decoder_.length(); }

 private:
  bool is_upgrade() const { return request_.head.is_upgrade(); }
  Task<Result<void>> Attempt();
  Task<Result<void>> ReadHead();
  Task<void> Upload(BodyFraming framing);
  Result<void> CheckUpgrade(Fields& fields) const;
  void Finish();

  const Limits& limits_;
  H1Pool::Lease lease_;
  Request request_;
  BodyFraming request_framing_;
  std::string websocket_key_;
  H1Response answer_;
  bool has_bytes_ = false;    // Something of an answer arrived.
  bool is_answered_ = false;  // decoder_ is that of the response.
  bool is_finished_ = false;
  bool keep_alive_ = false;
  H1BodyDecoder decoder_;
  std::size_t lent_ = 0;
  std::optional<Error> error_;

  bool is_sent_ = false;              // All of the request.
  std::optional<Error> send_error_;   // The stream or the request's body failed.
  bool is_send_error_final_ = false;  // It ends the exchange, whatever the origin answers.
  Task<void> upload_;                 // Last: uses all of the above.
};

Task<Result<void>> Call::AwaitHead() {
  const bool is_repeatable =
      IsIdempotent(request_.head.method) && (request_.body == nullptr || is_upgrade());
  const bool may_repeat = is_repeatable && lease_.connection().is_reused;
  auto head = co_await Attempt();
  if (head || !may_repeat || has_bytes_ || head.error().kind != ErrorKind::kUnavailable) {
    co_return head;
  }
  // The origin closed the idle connection just as we took it.
  auto opened = co_await lease_.Reconnect();
  if (!opened) co_return std::move(opened).error();
  send_error_.reset();
  co_return co_await Attempt();
}

Task<Result<void>> Call::Attempt() {
  MessageWriter& writer = lease_.connection().writer;
  if (is_upgrade()) websocket_key_ = MakeWebSocketKey();
  auto written =
      AppendRequestHead(writer.buffer(), request_.head, request_framing_, websocket_key_);
  if (!written) co_return std::move(written).error();
  if (request_.body && !is_upgrade()) {
    upload_ = Upload(request_framing_);
    upload_.Start();
  } else {
    auto flushed = co_await writer.Flush();
    is_sent_ = flushed.has_value();
    // An origin that closes may have said why: read on.
    if (!flushed) send_error_ = std::move(flushed).error();
  }
  co_return co_await ReadHead();
}

Task<void> Call::Upload(BodyFraming framing) {
  H1Connection& connection = lease_.connection();
  auto sent = co_await connection.writer.SendBody(request_.body.get(), framing);
  if (sent && framing.kind == Kind::kUntilClose) {
    sent = co_await connection.stream->ShutdownWrite();
  }
  if (sent) {
    is_sent_ = true;
    co_return;
  }
  send_error_ = std::move(sent).error();
  is_send_error_final_ =
      connection.writer.body_failed() || send_error_->kind == ErrorKind::kTimeout;
  if (is_send_error_final_) connection.stream->Close();  // Wakes the reading side.
}

Task<Result<void>> Call::ReadHead() {
  H1Reader& reader = lease_.connection().reader;
  HeadScanner scanner(HeadScanner::Kind::kResponse, limits_);
  for (int interims = 0;;) {
    const std::string_view text = net::AsText(reader.Contiguous());
    const auto size = scanner.Scan(text);
    if (!size) {
      Error error = size.error().status == 431 ? TooLarge(std::string(size.error().reason))
                                               : Invalid(std::string(size.error().reason));
      co_return Wrap(std::move(error), "response head");
    }
    if (*size > 0) {
      auto parsed = ParseResponseHead(text.substr(0, *size), request_.head.method, limits_);
      if (!parsed) co_return Invalid("response head: " + std::string(parsed.error().reason));
      reader.Consume(*size);
      if (parsed->head.status >= 200 || parsed->head.status == 101) {
        answer_ = std::move(*parsed);
        co_return Ok();
      }
      if (request_.interim && interims < kMostInterims) {
        ++interims;
        request_.interim(parsed->head);
      }
      scanner.Reset();
      continue;
    }
    auto more = co_await reader.Fill();
    if (is_send_error_final_) co_return *send_error_;
    if (more && *more) {
      has_bytes_ = true;
      continue;
    }
    if (send_error_) co_return *send_error_;
    if (!more) co_return std::move(more).error();
    co_return Unavailable("the connection was closed before an answer");
  }
}

Result<void> Call::CheckUpgrade(Fields& fields) const {
  if (!is_upgrade()) return Invalid("an upgrade that nobody asked for");
  if (!EqualsIgnoreCase(fields.Find("upgrade").value_or(""), "websocket") ||
      !fields.HasToken("connection", "upgrade") || fields.Count("sec-websocket-accept") != 1 ||
      fields.Find("sec-websocket-accept") != WebSocketAccept(websocket_key_)) {
    return Invalid("a WebSocket handshake that does not answer ours");
  }
  fields.RemoveIf([](const Fields::Field& field) {
    return field.name == "sec-websocket-accept" || field.name == "content-length";
  });
  return Ok();
}

Result<bool> Call::Accept() {
  is_answered_ = true;
  decoder_ = H1BodyDecoder(answer_.framing);
  if (answer_.head.status == 101) {
    auto checked = CheckUpgrade(answer_.head.fields);
    if (!checked) return std::move(checked).error();
    is_sent_ = false;
    upload_ = Upload({.kind = Kind::kUntilClose});
    upload_.Start();
    return true;
  }
  keep_alive_ = answer_.keep_alive && !is_upgrade();
  if (!decoder_.is_done()) return true;
  Finish();
  return false;
}

Task<void> Call::AwaitBegin(Executor& executor) {
  H1Reader& reader = lease_.connection().reader;
  if (answer_.framing.kind != Kind::kLength || !reader.empty()) co_return;
  // Read() sees for itself what has come, or broken.
  (void)co_await WithDeadline(executor, kTogether, "body", reader.Fill());
}

/// The response is complete: the connection is free, unless the origin still reads the request.
void Call::Finish() {
  is_finished_ = true;
  if (upload_ && !upload_.is_done()) return;
  if (keep_alive_ && is_sent_ && lease_.connection().reader.empty()) {
    lease_.GiveBack();
  } else {
    lease_.Drop();
  }
}

Task<Result<MutableBytes>> Call::Read() {
  if (is_finished_) co_return MutableBytes{};
  if (error_) co_return *error_;
  H1Reader& reader = lease_.connection().reader;
  reader.Consume(std::exchange(lent_, 0));
  for (;;) {
    if (decoder_.is_done()) {
      Finish();
      co_return MutableBytes{};
    }
    const MutableBytes in = reader.buffered();
    if (!in.empty()) {
      auto step = decoder_.Decode(in);
      if (!step) {
        error_ = Wrap(std::move(step).error(), "response body");
        co_return *error_;
      }
      if (!step->data.empty()) {
        lent_ = step->consumed;
        co_return step->data;
      }
      reader.Consume(step->consumed);
      continue;
    }
    auto more = co_await reader.Fill();
    if (more && *more) continue;
    if (is_send_error_final_) {
      error_ = *send_error_;
    } else if (!more) {
      error_ = Wrap(std::move(more).error(), "response body");
    } else if (!decoder_.may_end_here()) {
      error_ = Unavailable("the connection was closed in the middle of a response");
    } else {
      Finish();
      co_return MutableBytes{};
    }
    co_return *error_;
  }
}

}  // namespace

H1Client::H1Client(Executor& executor, const Limits& limits, Connector connector)
    : executor_(executor),
      limits_(limits),
      pool_(std::make_shared<H1Pool>(executor, limits, std::move(connector))) {}

H1Client::~H1Client() { pool_->Close(); }

Task<Result<Response>> H1Client::Exchange(Request request) {
  Executor& executor = executor_;
  const Limits& limits = limits_;
  auto lease = co_await pool_->Acquire();
  if (!lease) co_return std::move(lease).error();
  auto call = std::make_unique<Call>(limits, std::move(*lease), std::move(request));
  auto arrived = co_await call->AwaitHead();
  if (!arrived) co_return std::move(arrived).error();
  auto has_body = call->Accept();
  if (!has_body) co_return std::move(has_body).error();
  if (*has_body) co_await call->AwaitBegin(executor);
  Response response;
  response.head = std::move(call->answer().head);
  if (*has_body) response.body = std::move(call);
  co_return response;
}

std::size_t H1Client::open_connections() const { return pool_->open(); }
std::size_t H1Client::idle_connections() const { return pool_->idle(); }

}  // namespace berth::http
