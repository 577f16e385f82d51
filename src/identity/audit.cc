#include "identity/audit.h"

#include "base/log.h"
#include "identity/rate_limiter.h"
#include "store/users.h"

namespace berth::identity {
namespace {

constexpr std::chrono::minutes kSparsely(1);
/// Kinds of events in a minute: a bound for memory and disk.
constexpr std::size_t kMaxRecent = 2'000;

Task<void> WriteAt(store::Store& store, AuditEvent event, WallTime now) {
  const std::string action(event.action);
  auto written = co_await store.Run([event = std::move(event), now](store::Database& database) {
    return RecordAudit(database, event, now);
  });
  if (!written) LogError("audit: {} not written: {}", action, written.error().ToString());
}

}  // namespace

Audit::Audit(Executor& executor, store::Store& store, WallClock clock)
    : store_(store), clock_(std::move(clock)), writing_(executor) {}

Task<void> Audit::Write(AuditEvent event) { return WriteAt(store_, std::move(event), clock_()); }

void Audit::Record(AuditEvent event) { writing_.Spawn("audit", Write(std::move(event))); }

void Audit::RecordSparsely(AuditEvent event) {
  const WallTime now = clock_();
  const std::string key =
      fmt::format("{} {} {} {} {}", event.action, event.result, event.actor_id.value_or(0),
                  event.instance_id, RateLimitKey(event.address));
  if (recent_.size() >= kMaxRecent) {
    std::erase_if(recent_, [now](const auto& item) { return item.second <= now; });
  }
  const auto place = recent_.find(key);
  if (place != recent_.end() && now < place->second) return;
  if (place == recent_.end() && recent_.size() >= kMaxRecent) {
    LogWarn("audit: too many denials at once; {} by {} left out", event.action,
            ForLog(event.address));
    return;
  }
  recent_[key] = now + kSparsely;
  Record(std::move(event));
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
