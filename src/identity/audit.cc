#include "identity/audit.h"

#include "base/log.h"
#include "identity/rate_limiter.h"
#include "store/users.h"

namespace berth::identity {
namespace {

constexpr std::chrono::minutes kSparsely(1);

// Kinds of events in a minute: bounds for memory and disk, of which nobody uses up what others
// need.
constexpr std::size_t kMaxOk = 2'000;    // What one user did: so many agents may come back at once.
constexpr std::size_t kMaxDenied = 100;  // What one user, or an address without one, was denied.
constexpr std::size_t kMaxNameless = 2'000;  // What all addresses without a user were denied.

Task<void> WriteAt(store::Store& store, AuditEvent event, WallTime now) {
  const std::string action(event.action);
  auto written = co_await store.Run([event = std::move(event), now](store::Database& database) {
    return RecordAudit(database, event, now);
  });
  if (!written) LogError("audit: {} not written: {}", action, written.error().ToString());
}

}  // namespace

Audit::Audit(Executor& executor, store::Store& store, WallClock clock)
    : executor_(executor), store_(store), clock_(std::move(clock)), writing_(executor) {}

Task<void> Audit::Write(AuditEvent event) { return WriteAt(store_, std::move(event), clock_()); }

void Audit::Record(AuditEvent event) { writing_.Spawn("audit", Write(std::move(event))); }

void Audit::RecordSparsely(AuditEvent event) {
  const TimePoint now = executor_.now();
  while (!recent_.empty() && recent_.front().until <= now) ForgetOldest();
  const std::string address = RateLimitKey(event.address);
  const bool is_nameless = !event.actor_id;
  std::string key =
      fmt::format("{} {} {} {} {} {}", event.action, event.result, event.actor_id.value_or(0),
                  event.instance_id, address, is_nameless ? event.actor : "");
  if (keys_.contains(key)) return;
  std::string source =
      is_nameless ? address : fmt::format("{} for user {}", event.result, *event.actor_id);
  const auto counted = counts_.find(source);
  const std::size_t count = counted == counts_.end() ? 0 : counted->second;
  const std::size_t most = event.result == audit_result::kOk ? kMaxOk : kMaxDenied;
  if (count >= most || (is_nameless && nameless_ >= kMaxNameless)) return;
  if (count + 1 == most) {
    LogWarn("audit: too much at once ({}): more of it is left out", ForLog(source));
  }
  if (is_nameless && ++nameless_ == kMaxNameless) {
    LogWarn("audit: too many denials at once: more without a user are left out");
  }
  ++counts_[source];
  keys_.insert(key);
  recent_.push_back({now + kSparsely, std::move(key), std::move(source), is_nameless});
  Record(std::move(event));
}

void Audit::ForgetOldest() {
  const Recent& oldest = recent_.front();
  keys_.erase(oldest.key);
  const auto counted = counts_.find(oldest.source);
  if (--counted->second == 0) counts_.erase(counted);
  if (oldest.is_nameless) --nameless_;
  recent_.pop_front();
}

Result<void> RecordAudit(store::Database& database, AuditEvent event, WallTime now) {
  store::AuditEntry entry;
  entry.at = now;
  entry.actor_id = event.actor_id;
  entry.actor = ForLog(event.actor);
  if (entry.actor.empty() && event.actor_id) {
    auto user = store::FindUser(database, *event.actor_id);
    if (!user) return std::move(user).error();
    if (*user) entry.actor = ForLog((*user)->login.empty() ? (*user)->name : (*user)->login);
  }
  entry.action = event.action;
  entry.instance_id = ForLog(event.instance_id);
  entry.address = ForLog(event.address);
  entry.result = event.result;
  entry.detail = ForLog(event.detail);
  return store::AppendAudit(database, entry);
}

}  // namespace berth::identity
