// The sample instance of `berth demo`: a page with a WebSocket, an event stream and an upload, so
// that there is something to look at through the hub without installing anything.
//
// It keeps nothing and runs nothing. Lives on one loop; its open WebSockets end with it. All
// addresses in its files (demo/) are root-absolute, as in most web UIs, so that they exercise
// rewriting.
#pragma once

#include "base/task_group.h"
#include "http/message.h"

namespace berth::agent {

class DemoInstance : public http::Service {
 public:
  /// The executor must outlive the instance and its responses.
  explicit DemoInstance(Executor& executor) : executor_(executor), sockets_(executor) {}

  Task<Result<http::Response>> Exchange(http::Request request) override;

 private:
  http::Response OpenEcho(http::Request request);

  Executor& executor_;
  TaskGroup sockets_;
};

}  // namespace berth::agent
