#include "agent/demo_instance.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <boost/json.hpp>

#include "base/encoding.h"
#include "embedded/DemoLogo.h"
#include "embedded/DemoPage.h"
#include "embedded/DemoScript.h"
#include "embedded/DemoStyle.h"
#include "http/websocket.h"

namespace berth::agent {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxEcho = 64 * 1024;

/// One event a second, for ever.
class TickBody : public http::Body {
 public:
  explicit TickBody(Executor& executor) : executor_(executor) {}

  Task<Result<http::MutableBytes>> Read() override {
    if (count_ > 0) co_await Sleep(executor_, std::chrono::seconds(1));
    text_ = fmt::format("data: {}\n\n", ++count_);
    co_return std::as_writable_bytes(std::span(text_));
  }

 private:
  Executor& executor_;
  std::string text_;
  std::uint64_t count_ = 0;
};

struct FreeDigest {
  void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
};

Task<Result<http::Response>> Measure(http::BodyPtr body) {
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> digest(EVP_MD_CTX_new());
  if (!digest || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) {
    co_return Internal("start a digest");
  }
  std::uint64_t bytes = 0;
  while (body) {
    auto piece = co_await body->Read();
    if (!piece) co_return piece.error();
    if (piece->empty()) break;
    bytes += piece->size();
    EVP_DigestUpdate(digest.get(), piece->data(), piece->size());
  }
  std::byte sum[32];
  EVP_DigestFinal_ex(digest.get(), reinterpret_cast<unsigned char*>(sum), nullptr);
  co_return http::TextResponse(
      200, "application/json",
      json::serialize(json::object{{"bytes", bytes}, {"sha256", HexEncode(sum)}}));
}

http::Response DescribeRequest(const http::RequestHead& head) {
  json::object fields;
  for (const auto [name, value] : head.fields) fields[name] = value;
  return http::TextResponse(
      200, "application/json",
      json::serialize(json::object{
          {"host", head.authority}, {"target", head.target}, {"fields", std::move(fields)}}));
}

http::Response File(std::string_view type, std::string_view text) {
  http::Response response = http::TextResponse(200, type, std::string(text));
  response.head.fields.Set("cache-control", "no-cache");
  return response;
}

Task<void> Echo(std::unique_ptr<http::WebSocketChannel> channel) {
  for (;;) {
    auto event = co_await channel->Receive();
    if (!event || event->kind != http::WebSocketEvent::Kind::kText) co_return;
    auto sent = channel->SendText(net::AsText(event->data));
    if (!sent) co_return;
  }
}

}  // namespace

http::Response DemoInstance::OpenEcho(http::Request request) {
  auto channel = std::make_unique<http::WebSocketChannel>(
      executor_, http::WebSocketRole::kAcceptor, std::move(request.body),
      http::WebSocketChannel::Options{.max_text = kMaxEcho, .accept_binary = false});
  http::Response response;
  response.head.status = 101;
  response.body = channel->TakeOutgoing();
  sockets_.Spawn("echo of the sample instance", Echo(std::move(channel)));
  return response;
}

Task<Result<http::Response>> DemoInstance::Exchange(http::Request request) {
  const std::string path(request.head.path());
  const bool is_read = request.head.method == "GET" || request.head.method == "HEAD";
  if (path == "/echo" && request.head.is_upgrade()) co_return OpenEcho(std::move(request));
  if (request.head.is_upgrade()) co_return http::TextResponse(404, "text/plain", "Not found\n");
  if (path == "/upload" && request.head.method == "POST") {
    co_return co_await Measure(std::move(request.body));
  }
  if (!is_read) co_return http::TextResponse(405, "text/plain", "Method not allowed\n");
  if (path == "/") co_return File("text/html; charset=utf-8", embedded::DemoPage());
  if (path == "/style.css") co_return File("text/css", embedded::DemoStyle());
  if (path == "/app.js") co_return File("text/javascript", embedded::DemoScript());
  if (path == "/logo.svg") co_return File("image/svg+xml", embedded::DemoLogo());
  if (path == "/health") co_return File("application/json", R"({"status":"ok"})");
  if (path == "/api/request") co_return DescribeRequest(request.head);
  if (path == "/events") {
    http::Response response;
    response.head.fields.Add("content-type", "text/event-stream");
    response.head.fields.Add("cache-control", "no-store");
    if (request.head.method == "GET") response.body = std::make_unique<TickBody>(executor_);
    co_return response;
  }
  co_return http::TextResponse(404, "text/plain", "Not found\n");
}

}  // namespace berth::agent
