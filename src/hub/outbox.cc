#include "hub/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "base/encoding.h"
#include "base/log.h"
#include "http/retry_after.h"

namespace berth::hub {
namespace {

/// Targets that are spoken to at once.
constexpr std::size_t kParallel = 32;
/// Of those, targets of one user.
constexpr std::ptrdiff_t kParallelOfUser = 2;
/// How long the key of what was delivered keeps it from being sent again.
constexpr auto kRemember = std::chrono::days(30);
/// How many are remembered at most: a month of 30,000 a day.
constexpr std::int64_t kMostRemembered = 1'000'000;
constexpr auto kPurgeEvery = std::chrono::hours(1);
/// The longest sleep: the wall clock may have been set meanwhile.
constexpr auto kLongestSleep = std::chrono::milliseconds(30'000);
/// Between two attempts to write to a database that cannot take it.
constexpr auto kStorePause = std::chrono::milliseconds(1'000);
/// An attempt that comes so much later than it was due comes after a time in which nobody tried.
constexpr auto kAway = std::chrono::hours(1);
constexpr std::size_t kMaxError = 300;

/// Answers that no repetition of the same message will change.
bool IsFinal(int status) { return status == 400 || status == 413 || status == 422; }

}  // namespace

Outbox::Outbox(Parts parts)
    : parts_(std::move(parts)),
      wake_(parts_.executor),
      timer_([this] { wake_.Set(); }),
      deliveries_(parts_.executor) {}

Task<void> Outbox::Run() {
  for (;;) {
    wake_.Reset();
    const WallTime now = parts_.clock();
    if (now - purged_at_ >= kPurgeEvery) {
      auto purged = co_await parts_.store.Run([now](store::Database& database) {
        return store::PurgeOutbox(database, now - kRemember, kMostRemembered);
      });
      if (purged) purged_at_ = now;
      if (!purged) LogError("{}", purged.error().ToString());
    }
    auto heads = co_await parts_.store.Read(
        [](store::Database& database) { return store::ListOutboxHeads(database); });
    WallTime next = now + kLongestSleep;
    if (!heads) {
      LogError("read the outbox: {}", heads.error().ToString());
      next = now + kStorePause;
    } else {
      for (store::OutboxHead& head : *heads) {
        if (in_flight_.contains(head.target_id)) continue;
        // What was created later than now was so before the clock was set back, and what is said of
        // when to try it is of that time too.
        if (head.not_before > now && head.created_at <= now) {
          next = std::min(next, head.not_before);
        } else if (HasRoomFor(head.user_id)) {
          in_flight_.emplace(head.target_id, head.user_id);
          deliveries_.Spawn("notification", Deliver(std::move(head)));
        }
      }
    }
    parts_.executor.ArmAfter(timer_, next - now);
    co_await wake_.Wait();
  }
}

bool Outbox::HasRoomFor(std::int64_t user_id) const {
  return in_flight_.size() < kParallel &&
         std::ranges::count(in_flight_ | std::views::values, user_id) < kParallelOfUser;
}

Task<void> Outbox::Deliver(store::OutboxHead head) {
  const std::string target = head.target_id;
  auto delivered = co_await DeliverOnce(head.id);
  if (!delivered) {
    LogError("notification target {}: {}", target, delivered.error().ToString());
    co_await Sleep(parts_.executor, kStorePause);
  }
  in_flight_.erase(target);
  wake_.Set();
}

Task<Result<void>> Outbox::DeliverOnce(std::int64_t id) {
  auto found = co_await parts_.store.Read(
      [id](store::Database& database) { return store::FindOutbox(database, id); });
  if (!found) co_return std::move(found).error();
  if (!*found) co_return Ok();  // Its target was deleted meanwhile.
  store::OutboxRow row = **std::move(found);
  auto target = co_await parts_.store.Read([id = row.target_id](store::Database& database) {
    return store::FindNotifyTarget(database, id);
  });
  if (!target) co_return std::move(target).error();
  if (!*target) co_return Ok();  // Deleted meanwhile, and the row with it.
  const WallTime now = parts_.clock();
  if (EndOfQuiet((*target)->quiet, now) > now)
    co_return co_await PostponeForQuiet(std::move(row), now);
  auto notification = ParseNotification(row.event);
  if (!notification) {
    LogError("notification {} is dropped: {}", row.id, notification.error().message);
    co_return co_await Drop(row.id);
  }
  if (!parts_.may_know(**target, notification->client_id)) {
    LogInfo("notification {} of instance {} is dropped: target {} may not know it any more", row.id,
            ForLog(notification->client_id), row.target_id);
    co_return co_await Drop(row.id);
  }
  auto outcome =
      co_await Attempt(**target, *notification, IdempotencyKey(row.target_id, row.dedupe_key));
  // Whatever happened has to be written down before this target's next: else it would come twice.
  for (;;) {
    auto noted = co_await Note(row, **target, *notification, outcome);
    if (noted) co_return noted;
    LogError("notification {}: its outcome could not be written: {}", row.id,
             noted.error().ToString());
    co_await Sleep(parts_.executor, kStorePause);
  }
}

Task<Outbox::Outcome> Outbox::Attempt(store::NotifyTargetRow target, Notification notification,
                                      std::string key) {
  Outcome outcome;
  auto config = OpenNotifyConfig(parts_.sealer, target);
  if (!config) {
    outcome.error = "its sealed settings cannot be read: set it up again";
    co_return outcome;
  }
  auto question = NotifyQuestion(target.kind, *config, notification, key, parts_.identity,
                                 parts_.clock(), parts_.random);
  if (!question) {
    outcome.verdict = Verdict::kGivenUp;
    outcome.error = std::move(question).error().message;
    co_return outcome;
  }
  auto answer = co_await parts_.web.Ask(*std::move(question));
  if (!answer) {
    outcome.error = ForLog(answer.error().message, kMaxError);
    co_return outcome;
  }
  const int status = answer->status;
  if (status >= 200 && status < 300) {
    outcome.verdict = Verdict::kDelivered;
    co_return outcome;
  }
  outcome.error = fmt::format("it answered {}", status);
  if (status >= 300 && status < 400) outcome.error += ": redirects are not followed";
  outcome.retry_after = http::RetryAfterOf(answer->fields, parts_.clock());
  const bool is_gone = status == 404 || status == 410;
  if (target.kind == store::NotifyKind::kWebPush && is_gone) {
    outcome.verdict = Verdict::kTargetGone;
  } else if (IsFinal(status)) {
    outcome.verdict = Verdict::kGivenUp;
  }
  co_return outcome;
}

Task<Result<void>> Outbox::Note(store::OutboxRow row, store::NotifyTargetRow target,
                                Notification notification, Outcome outcome) {
  const WallTime now = parts_.clock();
  const bool was_away = row.attempts > 0 && now - row.not_before >= kAway;
  const WallTime first = was_away ? now : row.first_attempt_at.value_or(now);
  // One that has come first just now may have met a receiver that failed once: it has another try.
  if (outcome.verdict == Verdict::kLater && row.attempts > 0 &&
      now - first >= parts_.limits.notify_give_up) {
    outcome.verdict = Verdict::kGivenUp;
  }
  auto delay = DelayAfter(row.attempts);
  if (outcome.retry_after) {
    delay = std::max<Duration>(
        delay, std::min<Duration>(*outcome.retry_after, parts_.limits.notify_retry_max));
  }
  const WallTime next = now + std::chrono::ceil<std::chrono::milliseconds>(delay);
  // What failed before that, or before one that arrived, is no sign of anything any more.
  const bool is_afresh = was_away || outcome.verdict == Verdict::kDelivered;
  auto noted = co_await parts_.store.Run(
      [row, outcome, now, next, is_afresh](store::Database& database) -> Result<void> {
        if (is_afresh) {
          auto forgotten = store::ForgetOutboxAttempts(database, row.target_id);
          if (!forgotten) return forgotten;
        }
        return Write(database, row, outcome, now, next);
      });
  if (!noted || outcome.verdict == Verdict::kDelivered) co_return noted;
  LogWarn("notification {} to {} target {}: {}", row.id, store::ToString(target.kind), target.id,
          outcome.error);
  if (outcome.verdict != Verdict::kLater) RecordEnd(target, notification, outcome);
  co_return noted;
}

Result<void> Outbox::Write(store::Database& database, const store::OutboxRow& row,
                           const Outcome& outcome, WallTime now, WallTime next) {
  switch (outcome.verdict) {
    case Verdict::kTargetGone: {
      auto deleted = store::DeleteNotifyTarget(database, row.target_id);
      if (!deleted) return std::move(deleted).error();
      return Ok();
    }
    case Verdict::kDelivered:
    case Verdict::kGivenUp: {
      auto finished = store::FinishOutbox(database, row.id, now);
      if (!finished) return finished;
      break;
    }
    case Verdict::kLater: {
      auto postponed = store::PostponeOutbox(database, row.id, next, now);
      if (!postponed) return postponed;
      auto counted = store::NoteOutboxAttempt(database, row, now);
      if (!counted) return counted;
      break;
    }
  }
  return store::NoteNotifyAttempt(database, row.target_id, now, outcome.error);
}

void Outbox::RecordEnd(const store::NotifyTargetRow& target, const Notification& notification,
                       const Outcome& outcome) {
  identity::AuditEvent event;
  event.instance_id = notification.client_id;
  event.actor = "hub";
  if (outcome.verdict == Verdict::kTargetGone) {
    event.action = identity::audit_action::kNotifyTargetDelete;
    event.detail =
        fmt::format("{} {}: the push service forgot the subscription", target.id, target.name);
    parts_.audit.Record(std::move(event));
  } else {
    event.actor_id = target.user_id;  // Who may cause as many as they like.
    event.action = identity::audit_action::kNotifyGiveUp;
    event.result = identity::audit_result::kFailed;
    event.detail = fmt::format("{} to {}: {}", notification.event, target.id, outcome.error);
    parts_.audit.RecordSparsely(std::move(event));
  }
}

Task<Result<void>> Outbox::PostponeForQuiet(store::OutboxRow row, WallTime now) {
  co_return co_await parts_.store.Run([row, now](store::Database& database) -> Result<void> {
    // Read again: if its quiet hours were taken away since, nobody would look before they end.
    auto target = store::FindNotifyTarget(database, row.target_id);
    if (!target) return std::move(target).error();
    if (!*target) return Ok();
    const WallTime may_begin = EndOfQuiet((*target)->quiet, now);
    if (may_begin <= now) return Ok();
    auto forgotten = store::ForgetOutboxAttempts(database, row.target_id);
    if (!forgotten) return forgotten;
    return store::PostponeOutbox(database, row.id, may_begin, now);
  });
}

Task<Result<void>> Outbox::Drop(std::int64_t id) {
  co_return co_await parts_.store.Run([id, now = parts_.clock()](store::Database& database) {
    return store::FinishOutbox(database, id, now);
  });
}

Duration Outbox::DelayAfter(std::int64_t attempts) const {
  Duration full = parts_.limits.notify_retry_min;
  const Duration longest = parts_.limits.notify_retry_max;
  for (std::int64_t i = 0; i < attempts && full < longest; ++i) full *= 2;
  full = std::min(full, longest);
  const auto bytes = RandomBytes<1>(parts_.random);
  return full / 2 + full / 2 * std::to_integer<int>(bytes[0]) / 256;
}

Task<Result<void>> Outbox::Try(store::NotifyTargetRow target, Notification notification) {
  const auto bytes = RandomBytes<16>(parts_.random);
  const std::string key = IdempotencyKey(target.id, HexEncode(bytes));
  auto outcome = co_await Attempt(std::move(target), std::move(notification), key);
  if (outcome.verdict == Verdict::kDelivered) co_return Ok();
  co_return Unavailable(std::move(outcome.error));
}

}  // namespace berth::hub
