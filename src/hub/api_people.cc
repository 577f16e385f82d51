// /api/people: who may sign in to this hub. Its owners manage them; everybody else learns only whom
// they could share with.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/log.h"
#include "base/number.h"
#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/json_body.h"
#include "hub/problem.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

bool IsHubOwner(const ApiCall& call) { return call.user->role == store::HubRole::kOwner; }

http::Response OwnersOnly() {
  return ProblemResponse({403, "Not allowed", "Only an owner of this hub may do this."});
}

/// The person that stands in the path, or null.
identity::PersonPtr PersonAt(const HubContext& hub, std::string_view text) {
  const auto id = ParseNumber<std::int64_t>(text);
  return id ? hub.identity.people().Find(*id) : nullptr;
}

http::Response NobodyThere() {
  return ProblemResponse({404, "Not found", "Nobody on this hub has this id."});
}

boost::json::object ForOwners(const store::User& person) {
  boost::json::object entry;
  entry["id"] = person.id;
  entry["name"] = person.name;
  entry["provider"] = person.provider;
  entry["login"] = person.login;
  entry["role"] = store::ToString(person.role);
  entry["groups"] = boost::json::array(person.groups.begin(), person.groups.end());
  entry["is_removed"] = person.is_removed;
  entry["created_at"] = FormatIso8601(person.created_at);
  entry["last_sign_in_at"] = TimeOrNull(person.last_sign_in_at);
  entry["checked_at"] = TimeOrNull(person.checked_at);
  return entry;
}

boost::json::object ForMembers(const store::User& person) {
  boost::json::object entry;
  entry["id"] = person.id;
  entry["name"] = person.name;
  return entry;
}

bool IsOtherOwner(const store::User& other, std::int64_t id) {
  return other.id != id && !other.is_removed && other.role == store::HubRole::kOwner;
}

/// Why that person has to stay an owner; nothing if they need not.
std::optional<Problem> MustStayOwner(const HubContext& hub, std::int64_t id) {
  if (id == hub.identity.owner_id()) {
    return Problem{409, "The local owner stays",
                   "Whoever can read the hub's data folder is its owner; that cannot be changed."};
  }
  const bool has_others = std::ranges::any_of(
      hub.identity.people().List(), [id](const auto& other) { return IsOtherOwner(*other, id); });
  if (has_others) return std::nullopt;
  return Problem{409, "The last owner stays", "Make somebody else an owner first."};
}

}  // namespace

Task<Result<http::Response>> ListPeople(HubContext& hub, ApiCall call) {
  const bool is_owner = IsHubOwner(call);
  boost::json::array people;
  for (const auto& person : hub.identity.people().List()) {
    if (is_owner) {
      people.push_back(ForOwners(*person));
    } else if (!person->is_removed) {
      people.push_back(ForMembers(*person));
    }
  }
  boost::json::object body;
  body["people"] = std::move(people);
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<Result<http::Response>> ChangePerson(HubContext& hub, ApiCall call) {
  if (!IsHubOwner(call)) co_return OwnersOnly();
  auto wanted = co_await JsonBody::Read(hub, call.request);
  if (!wanted) co_return std::move(wanted).error();
  const std::string role = wanted->String("role");
  auto checked = wanted->Finish();
  if (!checked) co_return ProblemResponse(ExplainedProblem(checked.error()));
  const bool is_owner = role == store::ToString(store::HubRole::kOwner);
  if (!is_owner && role != store::ToString(store::HubRole::kMember)) {
    co_return ProblemResponse(ExplainedProblem(Invalid("role is not one of owner, member")));
  }
  const auto person = PersonAt(hub, call.id);
  if (!person || person->is_removed) co_return NobodyThere();
  if (!is_owner) {
    if (const auto problem = MustStayOwner(hub, person->id)) co_return ProblemResponse(*problem);
  }
  const auto wanted_role = is_owner ? store::HubRole::kOwner : store::HubRole::kMember;
  auto set = co_await hub.identity.people().SetRole(person->id, wanted_role);
  if (!set) co_return Wrap(std::move(set).error(), "change role");
  LogInfo("user {}: now {} of the hub", person->id, role);
  co_await RecordCall(
      hub, call, identity::audit_action::kRoleChange,
      {.detail = fmt::format("user {} ({}): {}", person->id, identity::LoginOf(*person), role)});
  co_return JsonResponse(
      200, boost::json::serialize(ForOwners(*hub.identity.people().Find(person->id))));
}

Task<Result<http::Response>> SignOutPerson(HubContext& hub, ApiCall call) {
  if (!IsHubOwner(call)) co_return OwnersOnly();
  const auto person = PersonAt(hub, call.id);
  if (!person) co_return NobodyThere();
  auto ended = co_await hub.identity.sessions().RevokeAllOf(person->id);
  co_await RecordCall(
      hub, call, identity::audit_action::kSessionRevoke,
      {.detail = fmt::format("all of user {} ({})", person->id, identity::LoginOf(*person))});
  if (!ended) co_return Wrap(std::move(ended).error(), "end sessions");
  co_return NoContent();
}

}  // namespace berth::hub
