#include "terminal/hub_client.h"

#include <fmt/format.h>

#include "base/event.h"
#include "control/hub_trouble.h"
#include "control/problem_detail.h"
#include "http/media_type.h"
#include "net/dial.h"
#include "terminal/text.h"

namespace berth::terminal {
namespace {

constexpr Duration kDeadline = std::chrono::seconds(30);
constexpr std::size_t kMaxAnswer = 64 * 1024 * 1024;

http::WebSocketChannel::Options SocketOptions(const Limits& limits) {
  http::WebSocketChannel::Options options;
  options.max_text = kMaxAnswer;
  options.accept_binary = false;
  options.ping_after = limits.ping_after;
  options.ping_answer = limits.ping_answer;
  return options;
}

}  // namespace

Result<std::unique_ptr<HubClient>> HubClient::Create(net::Loop& loop, const Limits& limits,
                                                     std::string hub_url,
                                                     net::TlsClient::Options trusted,
                                                     Secret token) {
  auto place = http::ParseWebUrl(hub_url);
  if (!place) return Wrap(std::move(place).error(), "the hub's URL");
  auto proxies = net::ProxySettings::FromEnvironment();
  if (!proxies) return std::move(proxies).error();
  auto tls = net::TlsClient::Create(std::move(trusted));
  if (!tls) return std::move(tls).error();
  return std::unique_ptr<HubClient>(new HubClient(loop, limits, std::move(hub_url),
                                                  std::move(*place), std::move(token),
                                                  std::move(*proxies), std::move(*tls)));
}

HubClient::HubClient(net::Loop& loop, const Limits& limits, std::string url, net::Url place,
                     Secret token, net::ProxySettings proxies, std::unique_ptr<net::TlsClient> tls)
    : loop_(loop),
      limits_(limits),
      url_(std::move(url)),
      place_(std::move(place)),
      base_(place_.target == "/" ? "" : place_.target),
      token_(std::move(token)),
      proxies_(std::move(proxies)),
      tls_(std::move(tls)),
      client_(loop, limits, [this] {
        return net::Dial(loop_, net::HttpTarget(place_.scheme, place_.place), proxies_, *tls_,
                         limits_);
      }) {}

http::Request HubClient::RequestFor(std::string_view path) const {
  http::Request request;
  request.head.method = "GET";
  request.head.scheme = place_.scheme;
  request.head.authority = place_.authority;
  request.head.target = fmt::format("{}{}", base_, path);
  request.head.fields.Add("user-agent", "berth/" BERTH_VERSION);
  if (!token_.empty()) {
    request.head.fields.Add("authorization", fmt::format("Bearer {}", token_.Reveal()));
  }
  return request;
}

Task<Error> HubClient::Explain(http::Response response) const {
  const int status = response.head.status;
  auto problem = co_await control::ReadProblemDetail(response);
  const bool is_problem = problem.has_value();
  const std::string detail = Fit(Plain(problem.value_or("")), 400);
  if (status == 401 && is_problem) {
    co_return Unauthorized(fmt::format(
        "{} does not accept the API token: it is unknown, expired or revoked. Make a new one at "
        "{}/settings/tokens, then run: berth login --hub {}",
        url_, url_, url_));
  }
  if (status == 403 && is_problem) {
    co_return Forbidden(fmt::format(
        "{} refuses: {} Make a token that may do this at {}/settings/tokens, then run: berth login "
        "--hub {}",
        url_, detail.empty() ? "not allowed." : detail, url_, url_));
  }
  if (status == 404 && is_problem) co_return NotFound(detail);
  if (status == 421 && !detail.empty()) {
    co_return Invalid(fmt::format("{} answered: {} Check --hub", url_, detail));
  }
  if (status == 429) {
    const std::string wait(response.head.fields.Find("retry-after").value_or("60"));
    co_return Unavailable(fmt::format("{} takes no more attempts from here; try again in {} s",
                                      url_, Plain(Fit(wait, 10))));
  }
  if (status >= 500) {
    co_return Unavailable(fmt::format("{} answered {}; try again later", url_, status));
  }
  co_return control::NoHubAt(url_);
}

Task<Result<http::Response>> HubClient::Ask(http::Request request) {
  auto response = co_await client_.Exchange(std::move(request));
  if (!response) co_return control::HubNotReached(std::move(response).error(), url_);
  co_return response;
}

Task<Result<std::string>> HubClient::AskForText(http::Request request) {
  auto response = co_await Ask(std::move(request));
  if (!response) co_return std::move(response).error();
  if (response->head.status != 200) {
    Error error = co_await Explain(std::move(*response));
    co_return error;
  }
  if (!http::HasMediaType(response->head.fields, "application/json")) {
    co_return control::NoHubAt(url_);
  }
  co_return co_await http::ReadAll(response->body.get(), kMaxAnswer);
}

Task<Result<std::string>> HubClient::Get(std::string path) {
  http::Request request = RequestFor(path);
  request.head.fields.Add("accept", "application/json");
  co_return co_await WithDeadline(loop_, kDeadline, "ask " + url_, AskForText(std::move(request)));
}

Task<Result<std::unique_ptr<http::WebSocketChannel>>> HubClient::OpenSocket() {
  auto channel = std::make_unique<http::WebSocketChannel>(loop_, http::WebSocketRole::kDialer,
                                                          SocketOptions(limits_));
  http::Request request = RequestFor("/ws/connect?type=browser");
  request.head.protocol = "websocket";
  request.body = channel->TakeOutgoing();
  auto response = co_await WithDeadline(loop_, kDeadline, "ask " + url_, Ask(std::move(request)));
  if (!response) co_return std::move(response).error();
  if (!response->is_upgraded()) {
    Error error = co_await Explain(std::move(*response));
    co_return error;
  }
  channel->Attach(std::move(response->body));
  co_return channel;
}

}  // namespace berth::terminal
