#include "http/crossing.h"

#include "base/log.h"

namespace berth::http {
namespace {

/// Lets interim responses through until the response, or the end. Shared with the handler, which a
/// service may keep for longer.
struct InterimGate {
  CrossingPort* port = nullptr;
};

}  // namespace

/// One exchange that is answered here, from Begin to Done.
struct CrossingEnd::Served {
  bool is_answered = false;
  bool is_head_request = false;
  std::shared_ptr<InterimGate> interim;  ///< Null if the front wants none.
  std::unique_ptr<CrossingSource> response;
  Task<void> task;

  ~Served() {
    if (interim) interim->port = nullptr;
  }
};

CrossingEnd::CrossingEnd(Executor& executor, const Limits& limits, Service& service)
    : CrossingPort(executor, limits), service_(service) {}

CrossingEnd::~CrossingEnd() { Shut(); }

void CrossingEnd::OnMessage(crossing::Message message) {
  if (auto* hello = std::get_if<crossing::Hello>(&message.what)) {
    SetPeer(std::move(hello->reply_to));
  } else if (auto* begin = std::get_if<crossing::Begin>(&message.what)) {
    Begin(message.id, std::move(*begin));
  } else if (std::holds_alternative<crossing::Done>(message.what)) {
    End(message.id);
  }
}

void CrossingEnd::Begin(std::uint64_t id, crossing::Begin begin) {
  auto made = std::make_unique<Served>();
  Served& served = *made;
  served_.emplace(id, std::move(made));
  Request request;
  request.head = std::move(begin.request->head);
  request.peer = std::move(begin.request->peer);
  served.is_head_request = request.head.method == "HEAD";
  if (begin.has_body) {
    request.body =
        std::make_unique<CrossedBody>(*this, id, begin.length, CrossedBody::Begins::kWhenRead);
  }
  if (begin.wants_interim) {
    served.interim = std::make_shared<InterimGate>(this);
    request.interim = [gate = served.interim, id](const ResponseHead& head) {
      if (gate->port != nullptr) gate->port->Send(id, crossing::Interim{head});
    };
  }
  served.task = Serve(id, served, std::move(request));
  served.task.Start();
}

Task<void> CrossingEnd::Serve(std::uint64_t id, Served& served, Request request) {
  try {
    co_await AskAndAnswer(id, served, std::move(request));
  } catch (const std::exception& failure) {
    LogError("crossed exchange: unexpected exception: {}", failure.what());
  }
  if (!served.is_answered) Send(id, crossing::Failure{Internal("the exchange broke off")});
}

Task<void> CrossingEnd::AskAndAnswer(std::uint64_t id, Served& served, Request request) {
  auto response = co_await service_.Exchange(std::move(request));
  served.is_answered = true;
  if (served.interim) served.interim->port = nullptr;
  if (!response) {
    Send(id, crossing::Failure{std::move(response).error()});
    co_return;
  }
  crossing::Answer answer;
  answer.head = std::move(response->head);
  answer.has_body = response->body != nullptr;
  if (answer.has_body) answer.length = response->body->length();
  Send(id, std::move(answer));
  if (!response->body) co_return;
  served.response = std::make_unique<CrossingSource>(*this, id, std::move(response->body));
  // Who asked reads it as soon as it has the head, so the first pieces go along; a HEAD's is not
  // read at all.
  if (!served.is_head_request) served.response->Start();
}

void CrossingEnd::End(std::uint64_t id) {
  const auto at = served_.find(id);
  if (at == served_.end()) return;
  auto served = std::move(at->second);
  served_.erase(at);
  served.reset();
  // A service may have kept the body of the request.
  if (CrossedBody* body = FindReader(id)) body->Fail(Unavailable("the exchange is over"));
}

void CrossingEnd::OnClosed(const Error&) { served_.clear(); }

/// An exchange that waits for its response. Lives in the frame of Exchange().
struct CrossingService::Call {
  Call(CrossingService& from, std::uint64_t number)
      : service(&from), id(number), done(from.executor()) {
    service->calls_.emplace(id, this);
  }
  ~Call() {
    if (service == nullptr) return;
    service->calls_.erase(id);
    if (!has_passed_on) service->Send(id, crossing::Done());
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void Finish(Result<Response> with) {
    outcome = std::move(with);
    done.Set();
  }

  CrossingService* service;  ///< Null once that is closed.
  const std::uint64_t id;
  Event done;
  InterimHandler interim;
  std::unique_ptr<CrossingSource> request;
  bool is_head_request = false;
  bool has_passed_on = false;  ///< The body of the response says Done.
  Result<Response> outcome = Unavailable("not answered yet");
};

/// The response's body, which also keeps the request's: both end with it.
class CrossingService::ResponseBody : public CrossedBody {
 public:
  ResponseBody(CrossingService& service, std::uint64_t id, std::optional<std::uint64_t> length,
               Begins begins, std::unique_ptr<CrossingSource> request)
      : CrossedBody(service, id, length, begins), request_(std::move(request)) {}
  ~ResponseBody() override {
    if (port() != nullptr) port()->Send(id(), crossing::Done());
    Leave();
  }

 private:
  std::unique_ptr<CrossingSource> request_;
};

CrossingService::CrossingService(Executor& executor, const Limits& limits,
                                 MailAddress<crossing::Message> end)
    : CrossingPort(executor, limits) {
  SetPeer(std::move(end));
  Send(0, crossing::Hello{address()});
}

CrossingService::~CrossingService() { Shut(); }

Task<Result<Response>> CrossingService::Exchange(Request request) {
  if (!is_open()) co_return Unavailable("the loop that answers is gone");
  if (is_full()) {
    Response busy = TextResponse(503, "text/plain", "Too busy. Try again.\n");
    busy.head.fields.Add("retry-after", "1");
    co_return busy;
  }
  Call call(*this, ++last_id_);
  call.is_head_request = request.head.method == "HEAD";
  crossing::Begin begin;
  begin.wants_interim = static_cast<bool>(request.interim);
  call.interim = std::move(request.interim);
  begin.has_body = request.body != nullptr;
  if (begin.has_body) {
    begin.length = request.body->length();
    call.request = std::make_unique<CrossingSource>(*this, call.id, std::move(request.body));
  }
  begin.request =
      std::make_unique<crossing::RequestParts>(std::move(request.head), std::move(request.peer));
  Send(call.id, std::move(begin));
  co_await call.done.Wait();  // As long as the other service takes: who asked has the deadline.
  co_return std::move(call.outcome);
}

void CrossingService::OnMessage(crossing::Message message) {
  const auto at = calls_.find(message.id);
  if (at == calls_.end()) return;  // It was dropped meanwhile.
  Call& call = *at->second;
  if (auto* interim = std::get_if<crossing::Interim>(&message.what)) {
    if (call.interim) call.interim(interim->head);
  } else if (auto* answer = std::get_if<crossing::Answer>(&message.what)) {
    OnAnswer(call, std::move(*answer));
  } else if (auto* failure = std::get_if<crossing::Failure>(&message.what)) {
    call.Finish(std::move(failure->error));
  }
}

void CrossingService::OnAnswer(Call& call, crossing::Answer answer) {
  Response response;
  response.head = std::move(answer.head);
  if (answer.has_body) {
    // Made now: its first pieces come right behind.
    const auto begins =
        call.is_head_request ? CrossedBody::Begins::kWhenRead : CrossedBody::Begins::kAtOnce;
    response.body = std::make_unique<ResponseBody>(*this, call.id, answer.length, begins,
                                                   std::move(call.request));
    call.has_passed_on = true;
  }
  call.Finish(std::move(response));
}

void CrossingService::OnClosed(const Error& why) {
  const auto all = std::exchange(calls_, {});
  for (const auto& [id, call] : all) {
    call->service = nullptr;
    if (!call->done.is_set()) call->Finish(why);
  }
}

}  // namespace berth::http
