#include "agent/locator.h"

#include <algorithm>

#include "agent/adapters/claudecodeui_version.h"
#include "base/log.h"

namespace berth::agent {
namespace {

constexpr Duration kFirstDelay = std::chrono::milliseconds(200);
constexpr Duration kLongestDelay = std::chrono::seconds(2);
// Between looks at an instance that may be another than it seems.
constexpr Duration kFirstPause = std::chrono::seconds(2);
constexpr Duration kLongestPause = std::chrono::minutes(5);
constexpr Duration kLongestPauseAfter = std::chrono::seconds(15);  // If it was a claudecodeui once.
// A claudecodeui that answers as something else for so long is something else: until then a proxy
// may answer while it starts.
constexpr Duration kBelievedAfter = std::chrono::seconds(15);

}  // namespace

Locator::Locator(Executor& executor, Worker& worker, http::Service& instance,
                 LocatorOptions options, std::function<void(Adapter&)> on_found)
    : executor_(executor),
      worker_(worker),
      instance_(instance),
      options_(std::move(options)),
      on_found_(std::move(on_found)),
      look_(executor),
      check_timer_([this] { Check(); }) {}

Task<void> Locator::Run() {
  Duration delay = kFirstDelay;
  Duration pause = kFirstPause;
  for (;;) {
    look_.Reset();
    const bool is_expected_new = std::exchange(is_expected_new_, false);
    const bool is_found = co_await Look(is_expected_new);
    if (!is_found) {
      is_expected_new_ = true;
      if (on_lost_) on_lost_();
      co_await Sleep(executor_, delay);
      delay = std::min(2 * delay, kLongestDelay);
      continue;
    }
    delay = kFirstDelay;
    const Duration longest = claudecodeui_ ? kLongestPauseAfter : kLongestPause;
    pause = is_expected_new ? kFirstPause : std::min(2 * pause, longest);
    if (!is_certain()) executor_.ArmAfter(check_timer_, pause);
    co_await look_.Wait();
    check_timer_.Disarm();
    // Pages ask for thirty things at once; all of them fail. One look is enough.
    co_await Sleep(executor_, kFirstDelay);
  }
}

Task<bool> Locator::Look(bool is_expected_new) {
  const DiscoveryOptions discovery = options_.discovery;
  auto found = co_await RunOn(worker_, executor_, [discovery] { return FindInstance(discovery); });
  if (!found) {
    Say(fmt::format("waiting for the instance: {}{}", ForLog(found.error().message),
                    discovery.url.empty() ? "; start claudecodeui as this user, or give --instance "
                                            "http://127.0.0.1:3001"
                                          : ""));
    co_return false;
  }
  const InstanceInfo before = std::exchange(info_, std::move(*found));
  // It is in use while we ask, and until it says another.
  if (info_.origin() == before.origin()) info_.version = before.version;
  InstanceHealth health;
  if (options_.choice != AdapterChoice::kGeneric) {
    auto answer = co_await AskHealth(executor_, instance_, info_);
    if (!answer) doubted_since_.reset();
    if (!answer || IsDoubtful(*answer)) {
      Say(fmt::format("waiting for the instance at {}: {}", info_.origin(),
                      answer ? "something else answers" : ForLog(answer.error().message)));
      co_return false;
    }
    health = std::move(*answer);
    if (!health.install_mode.empty()) info_.install_mode = health.install_mode;
    info_.version = health.version;
  }
  if (!is_expected_new && info_ == before && health == health_) co_return true;
  health_ = health;
  Adapter& adapter = Choose(health);
  Say(fmt::format("instance at {}: {}{}{}", info_.origin(), adapter.kind(),
                  info_.version.empty() ? "" : " ", ForLog(info_.version, 40)));
  adapter_kind_ = adapter.kind();
  adapter.OnInstanceFound();
  on_found_(adapter);
  co_return true;
}

bool Locator::IsDoubtful(const InstanceHealth& health) {
  if (!health_.is_claudecodeui || health.is_claudecodeui) {
    doubted_since_.reset();
    return false;
  }
  const TimePoint now = executor_.now();
  if (!doubted_since_) doubted_since_ = now;
  return now - *doubted_since_ < kBelievedAfter;
}

bool Locator::is_certain() const {
  if (options_.choice == AdapterChoice::kGeneric) return true;
  if (health_.is_claudecodeui) return IsAtLeast(health_.version, kListsRunning);
  // Another web UI at the address that was given is left in peace. Where claudecodeui's own file
  // led to, or where there was one before, a proxy may answer in its place.
  return !options_.discovery.url.empty() && claudecodeui_ == nullptr;
}

void Locator::Check() {
  if (health_.is_claudecodeui || !is_certain()) look_.Set();
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
