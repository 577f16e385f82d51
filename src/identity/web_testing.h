// For tests: other people's web servers, in memory.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "http/web.h"

namespace berth::identity::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Answers each address with what the test put there; others with 404.
class FakeWeb : public http::Web {
 public:
  void Answer(std::string url, int status, std::string body, const Headers& headers = {}) {
    http::WebAnswer answer{.status = status, .fields = {}, .body = std::move(body)};
    for (const auto& [name, value] : headers) answer.fields.Add(name, value);
    answers_[std::move(url)] = std::move(answer);
  }

  Task<Result<http::WebAnswer>> Ask(http::WebQuestion question) override {
    const std::string url = question.url;
    questions.push_back(std::move(question));
    if (before_answer) co_await before_answer(url);
    if (is_away) co_return Unavailable("away");
    const auto found = answers_.find(url);
    if (found == answers_.end()) co_return http::WebAnswer{.status = 404, .fields = {}, .body = ""};
    co_return found->second;
  }

  std::vector<http::WebQuestion> questions;
  std::function<Task<void>(std::string url)> before_answer;  ///< Answers come after it.
  bool is_away = false;

 private:
  std::map<std::string, http::WebAnswer> answers_;
};

}  // namespace berth::identity::testing
