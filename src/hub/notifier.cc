#include "hub/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "identity/identity.h"

namespace berth::hub {
namespace {

using store::NotifyWatchRow;

/// After an agent connected: how long it may take until it names again the runs that went on
/// before.
constexpr auto kSettle = std::chrono::seconds(5);
// A push message holds about 4,000 bytes, JSON escapes and links included.
constexpr std::size_t kMaxTitle = 100;
constexpr std::size_t kMaxName = 120;
constexpr std::size_t kMaxOwner = 40;
constexpr std::size_t kMaxText = 500;
constexpr std::size_t kMaxId = 200;

bool IsRunning(const control::SessionInfo& info) {
  return info.state != control::SessionState::kError;
}

/// What the instance says of its sessions; one without a name for an instance that does not tell
/// them apart.
std::vector<control::SessionInfo> SessionsOf(const Instance& instance) {
  const control::ClientMetadata& metadata = instance.client.metadata;
  if (!metadata.sessions.empty()) return metadata.sessions;
  control::SessionInfo whole;
  whole.since = metadata.state_since;
  switch (metadata.state) {
    case control::State::kBusy:
      whole.state = control::SessionState::kBusy;
      return {std::move(whole)};
    case control::State::kNeedsYou:
      whole.state = control::SessionState::kNeedsYou;
      return {std::move(whole)};
    case control::State::kError:
      whole.state = control::SessionState::kError;
      return {std::move(whole)};
    case control::State::kIdle:
    case control::State::kActive:
    case control::State::kOffline:
      break;
  }
  return {};
}

NotifyWatchRow RunRow(const Instance& instance, std::string_view session_id, WallTime run_id,
                      std::string_view title) {
  NotifyWatchRow row;
  row.instance_id = instance.id();
  row.session_id = session_id;
  row.run_id = run_id;
  row.title = title;
  return row;
}

NotifyWatchRow OnlineRow(std::string_view instance_id, WallTime online_id) {
  NotifyWatchRow row;
  row.instance_id = instance_id;
  row.what = NotifyWatchRow::What::kOnline;
  row.run_id = online_id;
  return row;
}

/// What tells this time from the others, for a key.
std::string WhenText(WallTime time) { return std::to_string(ToUnixMs(time)); }

std::string WithLine(std::string_view first, std::string_view second) {
  if (first.empty() || second.empty()) return std::string(first.empty() ? second : first);
  return fmt::format("{}\n{}", first, second);
}

/// What the question says, in words.
std::string QuestionText(const control::SessionInfo& info) {
  if (!info.question) return CutText(info.reason, kMaxText);
  const std::string tool = CutText(info.question->tool, kMaxName);
  const std::string text = CutText(info.question->text, kMaxText);
  if (info.question->kind == control::Question::Kind::kQuestion) return text;
  return WithLine(tool.empty() ? "asks for permission" : tool + " asks for permission", text);
}

}  // namespace

Notifier::Notifier(HubContext& hub, Outbox& outbox, std::string public_url)
    : hub_(hub), public_url_(std::move(public_url)), queue_(hub, outbox) {}

Notifier::~Notifier() { Stop(); }

Task<Result<void>> Notifier::Start() {
  auto rows = co_await hub_.store.Read(
      [](store::Database& database) { return store::ListNotifyWatch(database); });
  if (!rows) co_return Wrap(std::move(rows).error(), "what went on");
  for (const NotifyWatchRow& row : *rows) {
    Watched& watched = watched_[row.instance_id];
    if (row.what == NotifyWatchRow::What::kOnline) {
      watched.online_id = row.run_id;
      AwaitReturn(row.instance_id, watched);
    } else {
      Session& session = watched.sessions[row.session_id];
      session.run_id = row.run_id;
      session.is_carried = true;
      session.title = row.title;
    }
  }
  queue_.Start();
  is_watching_ = true;
  hub_.registry.Subscribe(*this);
  co_return Ok();
}

void Notifier::Stop() {
  if (!std::exchange(is_watching_, false)) return;
  hub_.registry.Unsubscribe(*this);
  for (auto& [id, watched] : watched_) {
    watched.offline.reset();
    watched.settling.reset();
  }
}

void Notifier::OnInstanceChanged(const Instance& instance) {
  Watched& watched = watched_[instance.id()];
  watched.owner = instance.user_id;
  if (!instance.is_live()) {
    if (watched.online_id && !watched.offline) AwaitReturn(instance.id(), watched);
    return;
  }
  SeeConnection(instance, watched);
  if (!instance.has_reported) return;
  const auto infos = SessionsOf(instance);
  for (const control::SessionInfo& info : infos) SeeSession(instance, watched, info);
  SeeMissing(instance, watched, infos);
}

void Notifier::OnInstanceRemoved(const Instance& instance) { Forget(instance.id()); }

void Notifier::Forget(const std::string& id) {
  const auto place = watched_.find(id);
  if (place == watched_.end()) return;
  NotifyQueue::Change change;
  change.ended.push_back(OnlineRow(id, {}));
  for (const auto& [session, seen] : place->second.sessions) {
    NotifyWatchRow row;
    row.instance_id = id;
    row.session_id = session;
    change.ended.push_back(std::move(row));
  }
  const std::int64_t owner = place->second.owner;
  watched_.erase(place);
  queue_.Push(owner, std::move(change));
}

void Notifier::SeeConnection(const Instance& instance, Watched& watched) {
  watched.offline.reset();
  if (watched.connected_at == instance.client.connected_at) return;
  watched.connected_at = instance.client.connected_at;
  watched.settled = hub_.executor.now() + kSettle;
  for (auto& [id, session] : watched.sessions) session.is_carried = true;
  if (watched.online_id) return;
  watched.online_id = instance.client.connected_at;
  NotifyQueue::Change change;
  change.begun.push_back(OnlineRow(instance.id(), *watched.online_id));
  queue_.Push(watched.owner, std::move(change));
}

void Notifier::SeeSession(const Instance& instance, Watched& watched,
                          const control::SessionInfo& info) {
  Session& session = watched.sessions[info.id];
  session.title = CutText(info.title, kMaxName);
  if (IsRunning(info)) {
    session.failed.clear();
    session.is_carried = false;
    if (!session.run_id) {
      session.run_id = hub_.clock();
      NotifyQueue::Change change;
      change.begun.push_back(RunRow(instance, info.id, *session.run_id, session.title));
      queue_.Push(watched.owner, std::move(change));
    }
    if (info.state != control::SessionState::kNeedsYou) {
      session.asked.clear();
      return;
    }
    std::string key = info.question ? info.question->id : WhenText(info.since);
    if (session.asked == key) return;
    session.asked = key;
    NotifyQueue::Change change =
        MakeChange(instance, NotifyEvent::kNeedsYou, info.id, key, "needs you",
                   WithLine(session.title, QuestionText(info)));
    if (info.question) {
      change.notification->question_id = CutText(info.question->id, kMaxId);
      change.notification->question_kind = control::ToString(info.question->kind);
      change.notification->question_tool = CutText(info.question->tool, kMaxName);
    }
    queue_.Push(watched.owner, std::move(change));
    return;
  }
  const auto run_id = std::exchange(session.run_id, std::nullopt);
  session.asked.clear();
  std::string key = WhenText(info.since);
  if (session.failed == key) return;
  session.failed = key;
  NotifyQueue::Change change = MakeChange(instance, NotifyEvent::kFailed, info.id, key, "failed",
                                          WithLine(session.title, CutText(info.error, kMaxText)));
  if (run_id) change.ended.push_back(RunRow(instance, info.id, *run_id, ""));
  queue_.Push(watched.owner, std::move(change));
}

void Notifier::SeeMissing(const Instance& instance, Watched& watched,
                          const std::vector<control::SessionInfo>& infos) {
  const bool is_settled = hub_.executor.now() >= watched.settled;
  bool must_settle = false;
  for (auto entry = watched.sessions.begin(); entry != watched.sessions.end();) {
    const auto& [id, session] = *entry;
    if (std::ranges::find(infos, id, &control::SessionInfo::id) != infos.end()) {
      ++entry;
      continue;
    }
    if (session.run_id && session.is_carried && !is_settled) {
      must_settle = true;
      ++entry;
      continue;
    }
    if (session.run_id) {
      NotifyQueue::Change change;
      // An instance that begins to tell its sessions apart has not finished.
      if (!id.empty() || infos.empty()) {
        change = MakeChange(instance, NotifyEvent::kFinished, id, WhenText(*session.run_id),
                            "finished", session.title);
      }
      change.ended.push_back(RunRow(instance, id, *session.run_id, ""));
      queue_.Push(watched.owner, std::move(change));
    }
    entry = watched.sessions.erase(entry);
  }
  if (!must_settle || watched.settling) return;
  watched.settling = std::make_unique<Timer>([this, id = instance.id()] { Settle(id); });
  hub_.executor.Arm(*watched.settling, watched.settled);
}

void Notifier::Settle(const std::string& id) {
  // From a copy: the timer, and this text in it, go now.
  hub_.executor.Defer([this, id = std::string(id)] {
    const auto watched = watched_.find(id);
    if (watched == watched_.end() || !is_watching_) return;
    watched->second.settling.reset();
    const Instance* const instance = hub_.registry.Get(id);
    if (instance != nullptr && instance->is_live()) OnInstanceChanged(*instance);
  });
}

void Notifier::AwaitReturn(const std::string& id, Watched& watched) {
  watched.offline = std::make_unique<Timer>([this, id] { TellOffline(id); });
  hub_.executor.ArmAfter(*watched.offline, hub_.limits.offline_notice);
}

void Notifier::TellOffline(const std::string& id) {
  hub_.executor.Defer([this, id = std::string(id)] {
    const auto place = watched_.find(id);
    if (place == watched_.end() || !is_watching_) return;
    Watched& watched = place->second;
    watched.offline.reset();
    const Instance* const instance = hub_.registry.Get(id);
    if (!watched.online_id || (instance != nullptr && instance->is_live())) return;
    const WallTime online_id = *std::exchange(watched.online_id, std::nullopt);
    NotifyQueue::Change change;
    if (instance != nullptr) {
      watched.owner = instance->user_id;
      const auto away =
          std::chrono::duration_cast<std::chrono::seconds>(hub_.limits.offline_notice);
      change = MakeChange(*instance, NotifyEvent::kOffline, "", WhenText(online_id), "is offline",
                          fmt::format("Its agent has been away for {} s.", away.count()));
    }
    change.ended.push_back(OnlineRow(id, online_id));
    queue_.Push(watched.owner, std::move(change));
    if (instance == nullptr) Forget(id);
  });
}

NotifyQueue::Change Notifier::MakeChange(const Instance& instance, NotifyEvent event,
                                         std::string_view session_id, std::string_view what,
                                         std::string title, std::string body) const {
  NotifyQueue::Change change;
  change.key = fmt::format("{} {} {} {}", instance.id(), ToString(event), session_id, what);
  Notification& notification = change.notification.emplace();
  notification.event = ToString(event);
  notification.title = fmt::format("{} {}", CutText(instance.id(), kMaxTitle), title);
  notification.body = std::move(body);
  notification.client_id = instance.id();
  notification.session_id = CutText(session_id, kMaxId);
  notification.url = DeepLink(public_url_, instance.id(), notification.session_id);
  notification.tag = fmt::format("{}/{}", instance.id(), notification.session_id);
  notification.at = hub_.clock();
  change.users = WhoIsTold(instance);
  const auto owner = hub_.identity.people().Find(instance.user_id);
  change.others_title = fmt::format(
      "{}'s {}", owner == nullptr ? "somebody" : CutText(identity::LoginOf(*owner), kMaxOwner),
      notification.title);
  return change;
}

std::vector<std::int64_t> Notifier::WhoIsTold(const Instance& instance) const {
  std::vector<std::int64_t> users;
  const identity::Shares& shares = hub_.identity.shares();
  const auto add = [&](const store::User& person) {
    if (identity::IsToldOf(shares, person, instance.user_id, instance.id())) {
      users.push_back(person.id);
    }
  };
  // Most are their owner's alone, and a hub may have many people.
  const identity::People& people = hub_.identity.people();
  if (shares.IsShared(instance.id())) {
    for (const auto& [id, person] : people.all()) add(*person);
  } else if (const auto owner = people.Find(instance.user_id)) {
    add(*owner);
  }
  return users;
}

}  // namespace berth::hub
