#include "agent/json_request.h"

#include "base/event.h"
#include "base/json.h"
#include "http/media_type.h"

namespace berth::agent {
namespace {

constexpr Duration kDeadline = std::chrono::seconds(10);
constexpr std::size_t kMaxAnswer = 1024 * 1024;

Task<Result<JsonAnswer>> Ask(http::Service& instance, http::Request request) {
  auto response = co_await instance.Exchange(std::move(request));
  if (!response) {
    // A name that nobody knows yet is no answer, as kNotFound is here.
    if (response.error().kind == ErrorKind::kNotFound)
      co_return Unavailable(response.error().message);
    co_return response.error();
  }
  if (!http::HasMediaType(response->head.fields, "application/json")) {
    if (response->head.status >= 300) co_return JsonAnswer{.status = response->head.status};
    if (response->head.status == 200 && http::HasMediaType(response->head.fields, "text/html")) {
      co_return NotFound("the answer is a web page");
    }
    co_return Invalid("the answer is not JSON");
  }
  auto text = co_await http::ReadAll(response->body.get(), kMaxAnswer);
  if (!text) {
    co_return text.error().kind == ErrorKind::kTooLarge ? Invalid("the answer is too large")
                                                        : text.error();
  }
  auto value = ParseJson(*text);
  if (!value) co_return Invalid(value.error().message);
  co_return JsonAnswer{.status = response->head.status, .value = std::move(*value)};
}

}  // namespace

bool IsFromProxy(const JsonAnswer& answer) { return answer.status >= 502 && answer.status <= 504; }

bool HasAnswered(const Result<JsonAnswer>& answer) {
  return answer || answer.error().kind == ErrorKind::kInvalid ||
         answer.error().kind == ErrorKind::kNotFound;
}

Task<Result<JsonAnswer>> AskJson(Executor& executor, http::Service& instance, InstanceInfo info,
                                 JsonQuestion question) {
  http::Request request;
  request.head.method = question.method;
  request.head.scheme = info.scheme();
  request.head.authority = info.authority();
  request.head.target = question.target;
  request.head.fields.Add("accept", "application/json");
  request.head.fields.Add("user-agent", "berth-agent/" BERTH_VERSION);
  if (!question.token.empty()) {
    request.head.fields.Add("authorization", "Bearer " + question.token);
  }
  if (!question.api_key.empty()) request.head.fields.Add("x-api-key", question.api_key);
  if (!question.body.empty()) {
    request.head.fields.Add("content-type", "application/json");
    request.body = std::make_unique<http::TextBody>(std::move(question.body));
  }
  co_return co_await WithDeadline(executor, kDeadline, "ask the instance",
                                  Ask(instance, std::move(request)));
}

}  // namespace berth::agent
