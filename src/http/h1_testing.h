// For tests of HTTP/1.1: a Service made of a function, and a browser in memory that collects what
// ServeH1 writes.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/executor_testing.h"
#include "http/body_testing.h"
#include "http/h1_server.h"
#include "http/service_testing.h"
#include "net/memory_pipe_testing.h"

namespace berth::http::testing {

/// The result of a Task that was started before; throws if it still waits when nothing is ready.
template <class T>
T Finish(berth::testing::TestExecutor& executor, Task<T> task) {
  executor.RunUntilIdle();
  if (!task.is_done()) throw std::runtime_error("the task still waits, and nothing is ready");
  return task.Take();
}

/// Collects everything that `stream` gives until its end.
inline Task<void> Collect(net::ByteStream& stream, std::string& into, bool& ended) {
  for (;;) {
    auto read = co_await stream.Read();
    if (!read || read->empty()) break;
    into += net::AsText(*read);
  }
  ended = true;
}

/// A browser connected to ServeH1.
class H1Browser {
 public:
  H1Browser(berth::testing::TestExecutor& executor, const Limits& limits, Service& service,
            std::size_t fragment = 0, H1Options options = {})
      : executor_(executor) {
    auto [browser, hub] = net::testing::MakePipe(executor, {.fragment = fragment});
    stream_ = std::move(browser);
    collecting_ = Collect(*stream_, received_, ended_);
    collecting_.Start();
    serving_ = ServeH1(executor, limits, std::move(hub), service, options);
    serving_.Start();
    executor_.RunUntilIdle();
  }

  void Send(std::string_view text) {
    Write(text);
    executor_.RunUntilIdle();
  }
  /// As Send, but leaves it to the caller to run what comes of it.
  void Write(std::string_view text) {
    // What the hub does not read any more is lost, as on a socket.
    sending_.push_back(net::testing::WriteText(*stream_, std::string(text)));
    sending_.back().Start();
  }
  void Finish() {
    (void)executor_.Await(stream_->ShutdownWrite());
    executor_.RunUntilIdle();
  }
  /// Goes away.
  void Close() {
    stream_->Close();
    executor_.RunUntilIdle();
  }
  /// What came since the last call. Dates are replaced, so that texts can be compared.
  std::string Take() {
    executor_.RunUntilIdle();
    std::string text = std::exchange(received_, {});
    for (std::size_t at = 0; (at = text.find("date: ", at)) != std::string::npos; ++at) {
      text.replace(at, text.find('\r', at) - at, "date: D");
    }
    return text;
  }
  bool ended() const { return ended_; }
  bool served() const { return serving_.is_done(); }

 private:
  berth::testing::TestExecutor& executor_;
  net::StreamPtr stream_;
  std::string received_;
  bool ended_ = false;
  std::vector<Task<Result<void>>> sending_;
  Task<void> collecting_;
  Task<TakenConnection> serving_;
};

inline constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

/// Answers with the method, target, and body of the request.
inline Task<Result<Response>> EchoAsText(Request request) {
  auto body = co_await ReadAll(request.body.get(), 10'000'000);
  if (!body) co_return std::move(body).error();
  Response response;
  response.body = std::make_unique<TextBody>(request.head.method + " " + request.head.target +
                                             " [" + *body + "]");
  co_return response;
}

/// Answers with a status, fields and pieces of unknown length.
inline Task<Result<Response>> Pieces(int status, Fields fields, std::vector<std::string> pieces,
                                     Event* gate = nullptr) {
  Response response;
  response.head.status = status;
  response.head.fields = std::move(fields);
  response.body = std::make_unique<PieceBody>(std::move(pieces), gate);
  co_return response;
}

}  // namespace berth::http::testing
