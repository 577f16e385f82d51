// For tests: an instance in memory. Answers by "METHOD path" and keeps what it was asked.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "http/message.h"

namespace berth::agent::testing {

class FakeInstance : public http::Service {
 public:
  using Handler = std::function<http::Response(const http::RequestHead&, const std::string& body)>;

  /// What `route` ("GET /health") is answered with; routes that are not known get a web page, as
  /// from a claudecodeui.
  void On(std::string route, Handler handler) { handlers_[std::move(route)] = std::move(handler); }
  void OnJson(std::string route, int status, std::string text) {
    On(std::move(route), [status, text](const http::RequestHead&, const std::string&) {
      return http::TextResponse(status, "application/json; charset=utf-8", text);
    });
  }
  /// Receives what the browser's side of each upgrade says; without, it is not read.
  void OnUpgrade(std::function<void(http::BodyPtr)> handler) { upgrade_ = std::move(handler); }
  /// While set, every exchange fails so.
  void SetAway(std::optional<Error> error) { away_ = std::move(error); }

  Task<Result<http::Response>> Exchange(http::Request request) override {
    if (away_) co_return *away_;
    std::string body;
    if (!request.head.is_upgrade()) {
      auto read = co_await http::ReadAll(request.body.get(), 1 << 20);
      if (!read) co_return read.error();
      body = *read;
    }
    const std::string route = request.head.method + ' ' + std::string(request.head.path());
    heads.push_back(request.head);
    bodies.push_back(body);
    if (request.head.is_upgrade() && upgrade_) upgrade_(std::move(request.body));
    const auto found = handlers_.find(route);
    if (found == handlers_.end()) co_return http::TextResponse(200, "text/html", "<html></html>");
    co_return found->second(request.head, body);
  }

  /// How often `route` was asked.
  int Count(std::string_view route) const {
    int count = 0;
    for (const auto& head : heads) count += head.method + ' ' + std::string(head.path()) == route;
    return count;
  }

  std::vector<http::RequestHead> heads;
  std::vector<std::string> bodies;

 private:
  std::map<std::string, Handler> handlers_;
  std::optional<Error> away_;
  std::function<void(http::BodyPtr)> upgrade_;
};

}  // namespace berth::agent::testing
