#include "http/web.h"

#include <algorithm>

#include "base/event.h"
#include "base/log.h"
#include "base/text.h"

namespace berth::http {
namespace {

constexpr std::size_t kMaxAnswer = 1024 * 1024;
/// Origins with connections kept alive; beyond it the first of them is forgotten.
constexpr std::size_t kMaxOrigins = 16;

Task<Result<WebAnswer>> AskOnce(std::shared_ptr<H1Client> client, Request request) {
  auto response = co_await client->Exchange(std::move(request));
  if (!response) co_return std::move(response).error();
  auto body = co_await ReadAll(response->body.get(), kMaxAnswer);
  if (!body) co_return std::move(body).error();
  co_return WebAnswer{.status = response->head.status,
                      .fields = std::move(response->head.fields),
                      .body = std::move(*body)};
}

}  // namespace

Result<WebUrl> ParseWebUrl(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return Invalid(fmt::format("\"{}\" {}", ForLog(text), why));
  };
  WebUrl url;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return refuse("is no URL");
  url.scheme = ToLower(text.substr(0, colon));
  if (url.scheme != "https" && url.scheme != "http") return refuse("is neither https nor http");
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return c > 0x20 && c < 0x7f && c != '\\' && c != '#'; });
  if (!is_plain) return refuse("holds characters that it must not hold");
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  url.authority = rest.substr(0, end);
  auto place = net::ParseHostPort(url.authority, url.scheme == "https" ? 443 : 80);
  if (!place || place->host.empty()) return refuse("names no host");
  url.place = std::move(*place);
  if (url.scheme == "http" && !net::IsLoopbackHost(url.place.host)) {
    return refuse("is not https: what is asked and answered could be read and changed on the way");
  }
  url.target = rest.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

DialingWeb::DialingWeb(net::Loop& loop, const Limits& limits, net::ProxySettings proxies,
                       std::unique_ptr<net::TlsClient> tls, WebRules rules)
    : loop_(loop),
      limits_(limits),
      proxies_(std::move(proxies)),
      tls_(std::move(tls)),
      rules_(rules) {}

std::shared_ptr<H1Client> DialingWeb::ClientFor(const WebUrl& url) {
  const std::string key = fmt::format("{}://{}", url.scheme, url.authority);
  if (const auto found = clients_.find(key); found != clients_.end()) return found->second;
  if (clients_.size() >= kMaxOrigins) clients_.erase(clients_.begin());
  auto target = net::HttpTarget(url.scheme, url.place);
  target.addresses = rules_.addresses;
  auto client = std::make_shared<H1Client>(loop_, limits_, [this, target] {
    return net::Dial(loop_, target, proxies_, *tls_, limits_);
  });
  clients_[key] = client;
  return client;
}

Task<Result<WebAnswer>> DialingWeb::Ask(WebQuestion question) {
  auto url = ParseWebUrl(question.url);
  if (!url) co_return std::move(url).error();
  Request request;
  request.head.method = std::move(question.method);
  request.head.scheme = url->scheme;
  request.head.authority = url->authority;
  request.head.target = url->target;
  request.head.fields = std::move(question.fields);
  request.head.fields.Set("user-agent", "berth-hub/" BERTH_VERSION);
  if (!question.body.empty()) {
    request.body = std::make_unique<TextBody>(std::move(question.body));
  }
  const std::string context = fmt::format("ask {}", url->authority);
  auto answer = co_await WithDeadline(loop_, rules_.timeout, "the answer",
                                      AskOnce(ClientFor(*url), std::move(request)));
  if (!answer) co_return Wrap(std::move(answer).error(), context);
  co_return answer;
}

}  // namespace berth::http
