// For tests: a Service made of a function, and the smallest such function.
#pragma once

#include <functional>
#include <utility>

#include "http/message.h"

namespace berth::http::testing {

/// Answers with a function (a plain one, or one that captures nothing that dies before); counts its
/// calls and remembers the last head.
class FakeService : public Service {
 public:
  using Function = std::function<Task<Result<Response>>(Request)>;
  explicit FakeService(Function function) : function_(std::move(function)) {}
  Task<Result<Response>> Exchange(Request request) override {
    ++calls;
    last = request.head;
    return function_(std::move(request));
  }
  int calls = 0;
  RequestHead last;

 private:
  Function function_;
};

inline Task<Result<Response>> Hello(Request) { co_return TextResponse(200, "text/plain", "hello"); }

}  // namespace berth::http::testing
