#include "http/web.h"

#include "base/event.h"
#include "base/log.h"

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

Result<net::Url> ParseWebUrl(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return Invalid(fmt::format("\"{}\" {}", ForLog(text), why));
  };
  auto url = net::SplitUrl(text);
  if (!url) return url;
  if (url->scheme != "https" && url->scheme != "http") return refuse("is neither https nor http");
  if (url->target.contains('#')) return refuse("has a fragment");
  if (url->scheme == "http" && !net::IsLoopbackHost(url->place.host)) {
    return refuse("is not https: what is asked and answered could be read and changed on the way");
  }
  if (!url->target.starts_with('/')) url->target.insert(0, "/");
  return url;
}

DialingWeb::DialingWeb(net::Loop& loop, const Limits& limits, net::ProxySettings proxies,
                       std::unique_ptr<net::TlsClient> tls, WebRules rules)
    : loop_(loop),
      limits_(limits),
      proxies_(std::move(proxies)),
      tls_(std::move(tls)),
      rules_(rules) {}

std::shared_ptr<H1Client> DialingWeb::ClientFor(const net::Url& url) {
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
