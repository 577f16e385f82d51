// For tests: a worker without a thread.
#pragma once

#include "agent/worker.h"

namespace berth::agent {

/// Runs each job at once, on the caller's thread.
class InlineWorker : public Worker {
 public:
  void Submit(std::move_only_function<void()> job) override { job(); }
};

}  // namespace berth::agent
