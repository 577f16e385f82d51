#include "hub/instance_feed.h"

#include <utility>

#include "hub/browser.h"
#include "hub/client_view.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

/// How often a page is told of latencies and traffic that changed, and of how many instances at
/// once.
constexpr Duration kVitalsEvery = std::chrono::seconds(3);
constexpr std::size_t kMaxVitals = 500;

/// How much of instances may be on its way until a pong shows that it was read; what changes after
/// that waits, and is told once. So a list of any size goes in pieces, a page that does not read
/// costs little, and pings and answers wait behind one piece at most: on a link that carries 7 KB/s
/// it is there within ping_answer. An instance alone may take more, with its questions.
constexpr std::size_t kMaxUnread = 64 * 1024;

/// How long a page may show what is no longer open to somebody, or not yet what is: those who give
/// and take access again and again cost each page one look at that instance each time.
constexpr Duration kAccessSoon = std::chrono::milliseconds(100);

/// How long a page waits at most for the list that it asks for anew, if it reads: those who ask
/// again and again cost one list each time.
constexpr Duration kListEvery = std::chrono::milliseconds(100);

}  // namespace

InstanceFeed::InstanceFeed(HubContext& hub, std::int64_t user_id, Reader reader)
    : hub_(hub),
      user_id_(user_id),
      reader_(std::move(reader)),
      access_timer_([this] { TellAccess(); }),
      list_timer_([this] { TellWantedList(); }),
      vitals_timer_([this] { TellVitals(); }) {
  hub_.registry.Subscribe(*this);
  hub_.identity.Subscribe(*this);
}

InstanceFeed::~InstanceFeed() {
  hub_.identity.Unsubscribe(*this);
  hub_.registry.Unsubscribe(*this);
}

void InstanceFeed::Want(bool vitals) {
  wants_updates_ = true;
  if (vitals && !vitals_timer_.is_armed()) hub_.executor.ArmAfter(vitals_timer_, kVitalsEvery);
  is_list_wanted_ = true;
  TellWantedList();
}

void InstanceFeed::OnInstanceChanged(const Instance& instance) {
  if (wants_updates_ && (IsShown(instance) || IsVisible(instance))) TellAnew(instance.id());
}

void InstanceFeed::OnInstanceRemoved(const Instance& instance) {
  if (wants_updates_ && IsShown(instance)) TellAnew(instance.id());
}

void InstanceFeed::OnAccessChanged(const identity::AccessChange& change) {
  if (!wants_updates_ || (change.user_id && *change.user_id != user_id_)) return;
  access_changed_.insert(change.instance_ids.begin(), change.instance_ids.end());
  if (change.instance_ids.empty()) is_all_access_changed_ = true;
  if (!access_timer_.is_armed()) hub_.executor.ArmAfter(access_timer_, kAccessSoon);
}

bool InstanceFeed::IsVisible(const Instance& instance) const {
  const auto person = PersonOf(hub_, user_id_);
  return person && hub_.registry.RoleOf(instance, *person);
}

std::optional<VisibleInstance> InstanceFeed::FindVisible(std::string_view id) const {
  const auto person = PersonOf(hub_, user_id_);
  return person ? hub_.registry.Find(id, *person) : std::nullopt;
}

std::vector<VisibleInstance> InstanceFeed::Visible() const {
  const auto person = PersonOf(hub_, user_id_);
  return person ? hub_.registry.List(*person) : std::vector<VisibleInstance>();
}

void InstanceFeed::TellWantedList() {
  if (!is_list_wanted_ || !has_room() || list_timer_.is_armed()) return;
  is_list_wanted_ = false;
  hub_.executor.ArmAfter(list_timer_, kListEvery);
  control::ClientList list;
  shown_.clear();
  untold_.clear();
  std::size_t size = 0;
  for (const VisibleInstance& visible : Visible()) {
    if (size >= kMaxUnread) {
      untold_.insert(visible.instance->id());
      continue;
    }
    list.clients.push_back(NoteShown(visible));
    size += control::Serialise(list.clients.back()).size();
    last_told_ = visible.instance->id();
  }
  list.more = !untold_.empty();
  is_listing_ = list.more;
  Tell(list);
}

void InstanceFeed::TellAccess() {
  access_timer_.Disarm();
  if (std::exchange(is_all_access_changed_, false)) {
    for (const auto& [id, shown] : shown_) access_changed_.insert(id);
    for (const VisibleInstance& visible : Visible()) {
      access_changed_.insert(visible.instance->id());
    }
  }
  for (const std::string& id : std::exchange(access_changed_, {})) {
    if (!IsShownByAccess(id)) untold_.insert(id);
  }
  TellUntold();
}

bool InstanceFeed::IsShownByAccess(const std::string& id) const {
  const auto visible = FindVisible(id);
  const auto shown = shown_.find(id);
  if (!visible || shown == shown_.end()) return !visible && shown == shown_.end();
  return shown->second.role == visible->role &&
         shown->second.path_url == PathUrlOf(hub_, *visible->instance, visible->role);
}

void InstanceFeed::TellAnew(const std::string& id) {
  untold_.insert(id);
  TellUntold();
}

void InstanceFeed::TellUntold() {
  while (has_room() && !untold_.empty()) {
    auto next = untold_.upper_bound(last_told_);
    if (next == untold_.end()) {
      EndList();
      next = untold_.begin();
    }
    last_told_ = *next;
    untold_.erase(next);
    TellOf(last_told_);
  }
  if (untold_.empty()) EndList();
}

void InstanceFeed::TellOf(const std::string& id) {
  const auto visible = FindVisible(id);
  const auto before = shown_.extract(id);
  if (visible) {
    Tell(control::ClientUpdate{.client = NoteShown(*visible)});
    const bool has_left = before && before.mapped().is_live && !visible->instance->is_live();
    if (has_left) Tell(control::ClientDisconnected{.client_id = id});
  } else if (before) {
    Tell(control::ClientDisconnected{.client_id = id});
    Tell(control::ClientRemoved{.client_id = id});
  }
}

void InstanceFeed::EndList() {
  if (std::exchange(is_listing_, false)) Tell(control::ClientListEnd{});
}

control::Client InstanceFeed::NoteShown(const VisibleInstance& visible) {
  control::Client view = ClientViewOf(hub_, visible);
  shown_[visible.instance->id()] = {.role = visible.role,
                                    .path_url = view.path_url,
                                    .is_live = visible.instance->is_live(),
                                    .vitals = VitalsOf(*visible.instance)};
  return view;
}

void InstanceFeed::TellVitals() {
  hub_.executor.ArmAfter(vitals_timer_, kVitalsEvery);
  if (access_timer_.is_armed()) TellAccess();
  // Without room some of what was shown may be gone, or not to be seen any more.
  if (!has_room()) return;
  control::ClientVitals changed;
  auto next = shown_.upper_bound(last_vitals_);
  for (std::size_t seen = 0; seen < shown_.size() && changed.clients.size() < kMaxVitals;
       ++seen, ++next) {
    if (next == shown_.end()) next = shown_.begin();
    last_vitals_ = next->first;
    const Instance* const instance = hub_.registry.Get(next->first);
    if (instance == nullptr || !instance->is_live()) continue;
    auto vitals = VitalsOf(*instance);
    if (vitals == next->second.vitals) continue;
    next->second.vitals = vitals;
    changed.clients.push_back(std::move(vitals));
  }
  if (!changed.clients.empty()) Tell(changed);
}

bool InstanceFeed::has_room() const { return unread_ < kMaxUnread; }

void InstanceFeed::Tell(const control::Message& message) {
  unread_ += reader_.send(message);
  if (!has_room()) reader_.ping();
}

void InstanceFeed::OnPong() {
  unread_ = 0;
  TellWantedList();
  TellUntold();
}

}  // namespace berth::hub
