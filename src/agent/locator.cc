#include "agent/locator.h"

#include <algorithm>

#include "base/log.h"

namespace berth::agent {
namespace {

constexpr Duration kFirstDelay = std::chrono::milliseconds(200);
constexpr Duration kLongestDelay = std::chrono::seconds(2);

}  // namespace

Locator::Locator(Executor& executor, Worker& worker, http::Service& instance,
                 LocatorOptions options, std::function<void(Adapter&)> on_found)
    : executor_(executor),
      worker_(worker),
      instance_(instance),
      options_(std::move(options)),
      on_found_(std::move(on_found)),
      look_(executor) {}

Task<void> Locator::Run() {
  Duration delay = kFirstDelay;
  for (;;) {
    look_.Reset();
    const bool is_found = co_await Look();
    if (is_found) {
      delay = kFirstDelay;
      co_await look_.Wait();
      // Pages ask for thirty things at once; all of them fail. One look is enough.
      co_await Sleep(executor_, kFirstDelay);
    } else {
      co_await Sleep(executor_, delay);
      delay = std::min(2 * delay, kLongestDelay);
    }
  }
}

Task<bool> Locator::Look() {
  const DiscoveryOptions discovery = options_.discovery;
  auto found = co_await RunOn(worker_, executor_, [discovery] { return FindInstance(discovery); });
  if (!found) {
    Say(fmt::format("waiting for the instance: {}{}", ForLog(found.error().message),
                    discovery.url.empty() ? "; start claudecodeui as this user, or give --instance "
                                            "http://127.0.0.1:3001"
                                          : ""));
    co_return false;
  }
  info_ = std::move(*found);
  InstanceHealth health;
  if (options_.choice != AdapterChoice::kGeneric) {
    auto answer = co_await AskHealth(executor_, instance_, info_);
    if (!answer) {
      Say(fmt::format("waiting for the instance at {}", info_.origin()));
      LogDebug("instance: {}", ForLog(answer.error().ToString()));
      co_return false;
    }
    health = std::move(*answer);
    if (!health.install_mode.empty()) info_.install_mode = health.install_mode;
    info_.version = health.version;
  }
  Adapter& adapter = Choose(health);
  Say(fmt::format("instance at {}: {}{}{}", info_.origin(), adapter.kind(),
                  info_.version.empty() ? "" : " ", ForLog(info_.version, 40)));
  adapter_kind_ = adapter.kind();
  adapter.OnInstanceFound();
  on_found_(adapter);
  co_return true;
}

Adapter& Locator::Choose(const InstanceHealth& health) {
  const AdapterContext context{executor_, worker_, instance_, info_};
  const bool is_claudecodeui = options_.choice == AdapterChoice::kClaudeCodeUi ||
                               (options_.choice == AdapterChoice::kAuto && health.is_claudecodeui);
  if (is_claudecodeui) {
    if (!health.is_claudecodeui) {
      LogWarn("the instance does not look like a claudecodeui; treated as one all the same");
    }
    if (!claudecodeui_) {
      claudecodeui_ = std::make_unique<ClaudeCodeUi>(context, options_.sign_in);
      claudecodeui_->sign_in().SetOnLost([this] { LookAgain(); });
    }
    return *claudecodeui_;
  }
  if (!generic_) generic_ = std::make_unique<Generic>(context, options_.generic);
  return *generic_;
}

void Locator::Say(std::string line) {
  if (line == said_) return;
  said_ = std::move(line);
  LogInfo("{}", said_);
}

}  // namespace berth::agent
