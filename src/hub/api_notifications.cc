// /api/notifications: where the caller is told of events, each browser, phone or server with its
// own choice. Addresses and secrets go in and never come out again: an address may be a secret,
// too.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/json_body.h"
#include "hub/notifications.h"
#include "hub/problem.h"
#include "identity/identity.h"
#include "store/notify_targets.h"

namespace berth::hub {
namespace {

using store::NotifyTargetRow;

constexpr std::size_t kMaxName = 100;

/// A target, and what is only known from elsewhere.
struct ShownTarget {
  NotifyTargetRow row;
  std::int64_t waiting = 0;
};

boost::json::object ViewOf(const HubContext& hub, const ShownTarget& shown) {
  const NotifyTargetRow& row = shown.row;
  boost::json::object view;
  view["id"] = row.id;
  view["kind"] = store::ToString(row.kind);
  view["name"] = row.name;
  const auto config = OpenNotifyConfig(hub.sealer, row);
  const auto url = config ? http::ParseWebUrl(config->url) : Result<net::Url>(Invalid(""));
  view["host"] = url ? url->authority : std::string();
  boost::json::array events;
  for (const std::string& event : row.events) events.emplace_back(event);
  view["events"] = std::move(events);
  view["quiet_hours"] = row.quiet ? boost::json::value(HoursText(*row.quiet)) : nullptr;
  view["utc_offset"] = row.quiet ? boost::json::value(OffsetText(*row.quiet)) : nullptr;
  view["created_at"] = FormatIso8601(row.created_at);
  view["last_ok_at"] = TimeOrNull(row.last_ok_at);
  view["last_error"] = row.last_error;
  view["failures"] = row.failures;
  view["waiting"] = shown.waiting;
  return view;
}

Result<void> CheckName(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) {
    return Invalid(fmt::format("name must have 1 to {} bytes", kMaxName));
  }
  if (HasControl(name)) return Invalid("name holds control characters");
  return Ok();
}

Result<std::vector<std::string>> CheckEvents(std::vector<std::string> names) {
  if (names.empty()) return Invalid("events must name at least one event");
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) {
    if (!ParseNotifyEvent(name)) {
      return Invalid(fmt::format("there is no event \"{}\"", ForLog(name)));
    }
  }
  return names;
}

/// What a caller wrote; what is not there stays as it is.
struct Wanted {
  std::optional<std::string> name;
  std::optional<std::vector<std::string>> events;
  std::optional<std::optional<store::QuietHours>> quiet;

  bool is_nothing() const { return !name && !events && !quiet; }
};

/// Reads the members that can be changed later, too. Look at body.Finish() before the errors.
Result<Wanted> ReadWanted(JsonBody& body) {
  Wanted wanted;
  const bool has_name = body.Has("name");
  const bool has_events = body.Has("events");
  const bool has_quiet = body.Has("quiet_hours");
  std::string name = body.StringOrNone("name");
  auto event_names = body.StringsOrNone("events");
  const std::string hours = body.StringOrNone("quiet_hours");
  const std::string offset = body.StringOrNone("utc_offset");
  auto finished = body.Finish();
  if (!finished) return std::move(finished).error();
  if (has_name) {
    auto checked = CheckName(name);
    if (!checked) return std::move(checked).error();
    wanted.name = std::move(name);
  }
  if (has_events) {
    auto events = CheckEvents(std::move(event_names));
    if (!events) return std::move(events).error();
    wanted.events = *std::move(events);
  }
  if (!has_quiet) return wanted;
  wanted.quiet.emplace();
  if (hours.empty()) return wanted;
  auto quiet = ParseQuietHours(hours, offset);
  if (!quiet) return std::move(quiet).error();
  *wanted.quiet = *quiet;
  return wanted;
}

void Apply(const Wanted& wanted, NotifyTargetRow& row) {
  if (wanted.name) row.name = *wanted.name;
  if (wanted.events) row.events = *wanted.events;
  if (wanted.quiet) row.quiet = *wanted.quiet;
}

Result<std::vector<ShownTarget>> ReadTargets(store::Database& database, std::int64_t user_id) {
  auto rows = store::ListNotifyTargets(database, user_id);
  if (!rows) return std::move(rows).error();
  std::vector<ShownTarget> shown;
  for (NotifyTargetRow& row : *rows) {
    auto waiting = store::CountOutbox(database, row.id);
    if (!waiting) return std::move(waiting).error();
    shown.push_back({.row = std::move(row), .waiting = *waiting});
  }
  return shown;
}

/// The caller's target of that id. kNotFound: there is none, or it is another's.
Result<NotifyTargetRow> FindOwn(store::Database& database, std::string_view id,
                                std::int64_t user_id) {
  auto found = store::FindNotifyTarget(database, id);
  if (!found) return std::move(found).error();
  if (!*found || (*found)->user_id != user_id) return NotFound("no such notification target");
  return **std::move(found);
}

/// The caller's row with the address and secret of `config`, if they have one; anybody else's is
/// removed: a browser that subscribes again is the same device, and tells one user.
Result<std::optional<NotifyTargetRow>> TakeBrowser(store::Database& database, const Sealer& sealer,
                                                   std::int64_t user_id,
                                                   const NotifyConfig& config) {
  auto rows = store::ListNotifyTargetsOf(database, store::NotifyKind::kWebPush);
  if (!rows) return std::move(rows).error();
  std::optional<NotifyTargetRow> own;
  for (NotifyTargetRow& row : *rows) {
    const auto known = OpenNotifyConfig(sealer, row);
    if (!known || known->url != config.url) continue;
    if (row.user_id == user_id) {
      own = std::move(row);
    } else if (known->auth == config.auth) {
      auto removed = store::DeleteNotifyTarget(database, row.id);
      if (!removed) return std::move(removed).error();
    }
  }
  return own;
}

/// Of one that ended while its browser set itself up.
Error WithoutItsSession(Error error) {
  if (error.kind != ErrorKind::kConflict) return error;
  return Unauthorized("the session ended");
}

/// Writes `row`, or over the one of the same browser. kConflict: too many; kUnauthorized: its
/// session ended.
Result<NotifyTargetRow> PutTarget(store::Database& database, const Sealer& sealer,
                                  NotifyTargetRow row, const NotifyConfig& config,
                                  std::size_t most) {
  if (row.kind == store::NotifyKind::kWebPush) {
    auto again = TakeBrowser(database, sealer, row.user_id, config);
    if (!again) return std::move(again).error();
    if (*again) {
      (*again)->name = row.name;
      (*again)->events = row.events;
      (*again)->quiet = row.quiet;
      if (row.session_id) (*again)->session_id = row.session_id;
      (*again)->sealed_config = SealNotifyConfig(sealer, (*again)->id, config);
      auto updated = store::UpdateNotifyTarget(database, **again);
      if (!updated) return WithoutItsSession(std::move(updated).error());
      return **std::move(again);
    }
  }
  auto rows = store::ListNotifyTargets(database, row.user_id);
  if (!rows) return std::move(rows).error();
  if (rows->size() >= most) return Conflict("too many notification targets");
  auto inserted = store::InsertNotifyTarget(database, row);
  if (!inserted) return WithoutItsSession(std::move(inserted).error());
  return row;
}

}  // namespace

Task<Result<http::Response>> GetNotificationKey(HubContext& hub, ApiCall) {
  boost::json::object body;
  body["key"] = hub.notifications->PublicKey();
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<Result<http::Response>> ListNotificationTargets(HubContext& hub, ApiCall call) {
  auto targets = co_await hub.store.Read(
      [user = call.user_id()](store::Database& database) { return ReadTargets(database, user); });
  if (!targets) co_return std::move(targets).error();
  boost::json::array list;
  for (const ShownTarget& target : *targets) list.push_back(ViewOf(hub, target));
  boost::json::object body;
  body["targets"] = std::move(list);
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<Result<http::Response>> CreateNotificationTarget(HubContext& hub, ApiCall call) {
  auto body = co_await JsonBody::Read(hub, call.request);
  if (!body) co_return std::move(body).error();
  const std::string kind_name = body->String("kind");
  NotifyConfig config;
  config.url = body->String("url");
  config.p256dh = body->StringOrNone("p256dh");
  config.auth = body->StringOrNone("auth");
  config.secret = body->StringOrNone("secret");
  auto wanted = ReadWanted(*body);
  if (!wanted) co_return std::move(wanted).error();
  if (!wanted->name) co_return Invalid("member \"name\" is missing");
  if (!wanted->events) co_return Invalid("member \"events\" is missing");
  const auto kind = store::ParseNotifyKind(kind_name);
  if (!kind) co_return Invalid(fmt::format("there is no kind \"{}\"", ForLog(kind_name)));
  auto checked = CheckNotifyConfig(*kind, config);
  if (!checked) co_return std::move(checked).error();
  NotifyTargetRow row;
  row.id = HexEncode(RandomBytes<8>(SystemRandom()));
  row.user_id = call.user_id();
  row.kind = *kind;
  row.created_at = hub.clock();
  if (*kind == store::NotifyKind::kWebPush && call.session) row.session_id = call.session->id;
  row.sealed_config = SealNotifyConfig(hub.sealer, row.id, config);
  Apply(*wanted, row);
  auto put = co_await hub.store.Run([&sealer = hub.sealer, row, config,
                                     most = hub.limits.notify_targets](store::Database& database) {
    return PutTarget(database, sealer, row, config, most);
  });
  if (!put && put.error().kind == ErrorKind::kConflict) {
    co_return ProblemResponse(
        {409, "Too many notification targets",
         fmt::format("You have {} already: remove some of them.", hub.limits.notify_targets)});
  }
  if (!put) co_return std::move(put).error();
  co_await RecordCall(
      hub, call, identity::audit_action::kNotifyTargetCreate,
      {.detail = fmt::format("{} {} {}", put->id, store::ToString(put->kind), put->name)});
  co_return JsonResponse(201, boost::json::serialize(ViewOf(hub, {.row = *put})));
}

Task<Result<http::Response>> ChangeNotificationTarget(HubContext& hub, ApiCall call) {
  auto body = co_await JsonBody::Read(hub, call.request);
  if (!body) co_return std::move(body).error();
  auto wanted = ReadWanted(*body);
  if (!wanted) co_return std::move(wanted).error();
  if (wanted->is_nothing()) co_return Invalid("nothing to change");
  auto changed =
      co_await hub.store.Run([id = call.id, user = call.user_id(), wanted = *std::move(wanted)](
                                 store::Database& database) -> Result<ShownTarget> {
        auto row = FindOwn(database, id, user);
        if (!row) return std::move(row).error();
        Apply(wanted, *row);
        auto updated = store::UpdateNotifyTarget(database, *row);
        if (!updated) return std::move(updated).error();
        auto hastened = store::HastenOutbox(database, id);
        if (!hastened) return std::move(hastened).error();
        auto waiting = store::CountOutbox(database, id);
        if (!waiting) return std::move(waiting).error();
        return ShownTarget{.row = *std::move(row), .waiting = *waiting};
      });
  if (!changed) co_return std::move(changed).error();
  hub.notifications->outbox().Wake();
  co_return JsonResponse(200, boost::json::serialize(ViewOf(hub, *changed)));
}

Task<Result<http::Response>> DeleteNotificationTarget(HubContext& hub, ApiCall call) {
  auto deleted = co_await hub.store.Run(
      [id = call.id, user = call.user_id()](store::Database& database) -> Result<NotifyTargetRow> {
        auto row = FindOwn(database, id, user);
        if (!row) return row;
        auto gone = store::DeleteNotifyTarget(database, id);
        if (!gone) return std::move(gone).error();
        return row;
      });
  if (!deleted) co_return std::move(deleted).error();
  co_await RecordCall(hub, call, identity::audit_action::kNotifyTargetDelete,
                      {.detail = fmt::format("{} {}", deleted->id, deleted->name)});
  co_return NoContent();
}

Task<Result<http::Response>> TestNotificationTarget(HubContext& hub, ApiCall call) {
  auto row =
      co_await hub.store.Read([id = call.id, user = call.user_id()](store::Database& database) {
        return FindOwn(database, id, user);
      });
  if (!row) co_return std::move(row).error();
  Notification notification;
  notification.event = kTestEvent;
  notification.title = "berth can reach you here";
  notification.body = fmt::format("This is a test of \"{}\".", row->name);
  notification.url = hub.hosts.public_origin().ToString() + "/dashboard";
  notification.tag = "test";
  notification.at = hub.clock();
  auto sent = co_await hub.notifications->outbox().Try(*std::move(row), std::move(notification));
  boost::json::object body;
  body["outcome"] = sent ? "delivered" : "failed";
  body["message"] = sent ? std::string() : sent.error().message;
  co_return JsonResponse(200, boost::json::serialize(body));
}

}  // namespace berth::hub
