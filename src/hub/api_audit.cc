// /api/audit: what happened, the newest first. An owner of the hub sees everything, others what
// they did themselves.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/number.h"
#include "http/query.h"
#include "hub/api.h"
#include "hub/audit_view.h"
#include "hub/browser.h"
#include "hub/changes.h"
#include "hub/problem.h"
#include "identity/audit.h"
#include "store/store.h"

namespace berth::hub {
namespace {

constexpr std::int64_t kDefaultRows = 100;
constexpr std::int64_t kMaxRows = 1'000;
constexpr std::size_t kMaxName = 200;

/// The parameter of that name, a whole number from 1 to `most`; `otherwise` if it is absent.
/// Nothing for anything else.
std::optional<std::int64_t> Number(std::string_view query, std::string_view name,
                                   std::int64_t otherwise, std::int64_t most) {
  const auto text = http::QueryParameter(query, name);
  if (!text) return otherwise;
  const auto number = ParseNumber<std::int64_t>(*text);
  return number >= 1 && number <= most ? number : std::nullopt;
}

/// What the query asks for, of what the caller may see; nothing if a name is too long, or no result
/// is called so. Other names that nothing has fit nothing.
std::optional<store::AuditFilter> FilterOf(const ApiCall& call) {
  const std::string_view query = call.request.head.query();
  store::AuditFilter filter;
  if (call.user->role != store::HubRole::kOwner) filter.actor_id = call.user_id();
  const std::pair<std::string_view, std::string*> parts[] = {{"user", &filter.actor},
                                                             {"action", &filter.action},
                                                             {"instance", &filter.instance_id},
                                                             {"result", &filter.result}};
  for (const auto& [name, part] : parts) {
    *part = http::QueryParameter(query, name).value_or("");
    if (part->size() > kMaxName) return std::nullopt;
  }
  const auto& results = identity::audit_result::kAll;
  const bool is_result =
      filter.result.empty() || std::ranges::find(results, filter.result) != results.end();
  return is_result ? std::optional(filter) : std::nullopt;
}

Task<Result<http::Response>> Answer(HubContext& hub, std::int64_t before, std::int64_t limit,
                                    store::AuditFilter filter) {
  boost::json::array events;
  do {
    // One look after the other, between which others get at the database.
    const std::int64_t wanted = limit - std::ssize(events);
    auto page = co_await hub.store.Read([before, wanted, filter](store::Database& database) {
      return store::ListAudit(database, before, wanted, filter);
    });
    if (!page) co_return Wrap(std::move(page).error(), "list audit");
    for (const auto& row : page->rows) events.push_back(AuditView(row));
    before = page->next_before;
  } while (before != 0 && std::ssize(events) < limit);
  boost::json::object body;
  body["events"] = std::move(events);
  boost::json::array actions;
  for (const std::string_view action : identity::audit_action::kAll) {
    actions.emplace_back(boost::json::string_view(action.data(), action.size()));
  }
  body["actions"] = std::move(actions);
  body["next_before"] = before == 0 ? nullptr : boost::json::value(before);
  co_return JsonResponse(200, boost::json::serialize(body));
}

}  // namespace

Task<Result<http::Response>> ListAudit(HubContext& hub, ApiCall call) {
  const std::string_view query = call.request.head.query();
  const auto limit = Number(query, "limit", kDefaultRows, kMaxRows);
  const auto before = Number(query, "before", 0, std::numeric_limits<std::int64_t>::max());
  if (!limit || !before) {
    co_return ProblemResponse(
        {400, "Bad request", "\"limit\" is 1 to 1000, \"before\" the seq of an event."});
  }
  const auto filter = FilterOf(call);
  if (!filter) {
    co_return ProblemResponse(
        {400, "Bad request",
         "\"user\", \"action\" and \"instance\" are names of at most 200 bytes, \"result\" is ok, "
         "denied or failed."});
  }
  // To look for what is rare takes long.
  co_return co_await hub.changes.CarryOut(CallerReading(call.user_id()),
                                          Answer(hub, *before, *limit, *filter));
}

}  // namespace berth::hub
