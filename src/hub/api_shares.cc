// /api/clients/{id}/shares: whom an instance is shared with, for its owner.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/hosts.h"
#include "hub/instance_access.h"
#include "hub/json_body.h"
#include "hub/problem.h"
#include "hub/registry.h"
#include "identity/groups.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

constexpr std::size_t kMaxGroup = 200;

/// Whom "7", "github:octocat" or "octocat" means. A bare login must be one person's only.
Result<identity::PersonPtr> FindPerson(const HubContext& hub, std::string_view text) {
  if (const auto id = ParseNumber<std::int64_t>(text)) {
    if (auto person = PersonOf(hub, *id)) return person;
    return NotFound(fmt::format("nobody on this hub has the id {}", *id));
  }
  const std::size_t colon = text.find(':');
  const bool has_provider = colon != std::string_view::npos;
  const std::string_view login = has_provider ? text.substr(colon + 1) : text;
  identity::PersonPtr found;
  for (const auto& person : hub.identity.people().List()) {
    if (person->is_removed || (has_provider && person->provider != text.substr(0, colon))) continue;
    if (!http::EqualsIgnoreCase(identity::LoginOf(*person), login)) continue;
    if (found) {
      return Conflict(
          fmt::format("several people are called \"{}\"; give the id of one", ForLog(login)));
    }
    found = person;
  }
  if (found) return found;
  return NotFound(fmt::format(
      "nobody called \"{}\" has signed in here yet; they must once before you can share with them",
      ForLog(text)));
}

/// The subject as it is stored, for that kind.
Result<std::string> SubjectOf(const HubContext& hub, const ApiCall& call, store::ShareKind kind,
                              const std::string& text) {
  switch (kind) {
    case store::ShareKind::kEveryone:
      if (!text.empty()) return Invalid("a share with everyone has no subject");
      return std::string();
    case store::ShareKind::kGroup:
      if (text.empty() || text.size() > kMaxGroup || text.front() == '/' || text.back() == '/' ||
          HasControl(text)) {
        return Invalid("subject is no group: give \"org\" or \"org/team\"");
      }
      return text;
    case store::ShareKind::kUser:
      break;
  }
  if (text.empty()) return Invalid("say whom to share with: a subject or a login");
  auto person = FindPerson(hub, text);
  if (!person) return std::move(person).error();
  if ((*person)->id == call.user_id()) return Invalid("it is yours already");
  return std::to_string((*person)->id);
}

/// A name may have become another organisation's, and an organisation may have another name now:
/// one of them does not quietly take the other's share.
Result<void> CheckGroup(const HubContext& hub, const store::ShareRow& share) {
  const identity::Shares& shares = hub.identity.shares();
  for (const store::ShareRow& other : shares.Of(share.instance_id)) {
    if (other.group_id.empty() || !shares.IsLive(other)) continue;
    const bool has_same_name = other.subject == share.subject;
    if (has_same_name == (other.group_id == share.group_id)) continue;
    return Conflict(
        has_same_name
            ? "it is shared with the organisation that had this name before; take that back first"
            : fmt::format("it is shared with the same organisation as \"{}\"; take that back first",
                          ForLog(other.subject)));
  }
  return Ok();
}

/// The share that the body asks for. Errors are for the caller to read.
Result<store::ShareRow> ShareFrom(const HubContext& hub, const ApiCall& call, JsonBody& body) {
  const std::string kind = body.String("kind");
  const std::string role = body.String("role");
  const std::string subject = body.IdOrNone("subject");
  const std::string login = body.StringOrNone("login");
  store::ShareRow share;
  share.expires_at = body.TimeOrNone("expires_at");
  auto checked = body.Finish();
  if (!checked) return std::move(checked).error();
  const auto known_kind = store::ParseShareKind(kind);
  if (!known_kind) return Invalid("kind is not one of user, group, everyone");
  const auto known_role = store::ParseShareRole(role);
  if (!known_role) return Invalid("role is not one of operator, viewer");
  if (!subject.empty() && !login.empty()) return Invalid("give a subject or a login, not both");
  if (!login.empty() && *known_kind != store::ShareKind::kUser) {
    return Invalid("only a share with a user has a login");
  }
  if (share.expires_at && *share.expires_at <= hub.clock()) return Invalid("expires_at is past");
  auto stored = SubjectOf(hub, call, *known_kind, subject.empty() ? login : subject);
  if (!stored) return std::move(stored).error();
  share.instance_id = call.id;
  share.kind = *known_kind;
  share.role = *known_role;
  share.subject = *std::move(stored);
  if (share.kind == store::ShareKind::kGroup) {
    auto group = identity::FindGroup(hub.identity.people(), *call.user, share.subject);
    if (!group) return std::move(group).error();
    share.group_id = *std::move(group);
    auto checked_group = CheckGroup(hub, share);
    if (!checked_group) return std::move(checked_group).error();
  }
  share.created_by = call.user_id();
  return share;
}

boost::json::object ToJson(const HubContext& hub, const store::ShareRow& share) {
  boost::json::object entry;
  entry["id"] = std::to_string(share.id);
  entry["kind"] = store::ToString(share.kind);
  entry["subject"] = share.subject;
  if (share.kind == store::ShareKind::kUser) {
    const auto person =
        hub.identity.people().Find(ParseNumber<std::int64_t>(share.subject).value_or(0));
    entry["name"] = person ? identity::LoginOf(*person) : std::string_view();
  }
  entry["role"] = store::ToString(share.role);
  entry["created_at"] = FormatIso8601(share.created_at);
  entry["expires_at"] = TimeOrNull(share.expires_at);
  return entry;
}

/// "viewer for user 7", or "viewer for group acme (7)", for the audit log.
std::string Describe(const store::ShareRow& share) {
  std::string text =
      fmt::format("{} for {}", store::ToString(share.role), store::ToString(share.kind));
  if (!share.subject.empty()) text += " " + share.subject;
  if (!share.group_id.empty()) text += fmt::format(" ({})", share.group_id);
  if (share.expires_at) text += " until " + FormatIso8601(*share.expires_at);
  return text;
}

}  // namespace

Task<Result<http::Response>> ListShares(HubContext& hub, ApiCall call) {
  if (auto refusal = RefuseUnlessOwner(hub, call, "see its shares")) co_return std::move(*refusal);
  boost::json::array shares;
  for (const store::ShareRow& share : hub.identity.shares().Of(call.id)) {
    if (hub.identity.shares().IsLive(share)) shares.push_back(ToJson(hub, share));
  }
  boost::json::object body;
  body["shares"] = std::move(shares);
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<Result<http::Response>> CreateShare(HubContext& hub, ApiCall call) {
  if (auto refusal = RefuseUnlessOwner(hub, call, "share it")) co_return std::move(*refusal);
  if (!hub.hosts.has_subdomains()) {
    co_return ProblemResponse(
        {409, "Nowhere to open it",
         "A shared instance opens only at an address of its own, and this hub has no domain for "
         "those: start it with --apps-domain."});
  }
  if (!IsInstanceLabel(call.id)) {
    co_return ProblemResponse({409, "Nowhere to open it",
                               "A shared instance opens only at an address of its own, and this "
                               "one's id cannot be a host name: give the instance an id of 1 to 63 "
                               "of a-z, 0-9 and '-'."});
  }
  auto wanted = co_await JsonBody::Read(hub, call.request);
  if (!wanted) co_return std::move(wanted).error();
  auto share = ShareFrom(hub, call, *wanted);
  if (!share) co_return ProblemResponse(ExplainedProblem(share.error()));
  auto made = co_await hub.identity.shares().Put(*std::move(share));
  if (!made && made.error().kind == ErrorKind::kTooLarge) {
    co_return ProblemResponse(
        {409, "Too many shares", "This instance has too many shares; take one back first."});
  }
  if (!made) co_return Wrap(std::move(made).error(), "write share");
  LogInfo("instance {}: shared: {}", call.id, ForLog(Describe(*made)));
  co_await RecordCall(hub, call, identity::audit_action::kShareCreate,
                      {.instance_id = call.id, .detail = Describe(*made)});
  co_return JsonResponse(201, boost::json::serialize(ToJson(hub, *made)));
}

Task<Result<http::Response>> DeleteShare(HubContext& hub, ApiCall call) {
  if (auto refusal = RefuseUnlessOwner(hub, call, "end a share")) co_return std::move(*refusal);
  const auto id = ParseNumber<std::int64_t>(call.second_id);
  const auto shares = hub.identity.shares().Of(call.id);
  const auto place = std::ranges::find(shares, id.value_or(0), &store::ShareRow::id);
  if (!id || place == shares.end()) {
    co_return ProblemResponse({404, "Not found", "This instance has no such share."});
  }
  const store::ShareRow share = *place;
  auto removed = co_await hub.identity.shares().Remove(call.id, share.id);
  co_await RecordCall(hub, call, identity::audit_action::kShareRemove,
                      {.instance_id = call.id, .detail = Describe(share)});
  if (!removed) co_return Wrap(std::move(removed).error(), "end share");
  LogInfo("instance {}: no longer shared: {}", call.id, ForLog(Describe(share)));
  co_return NoContent();
}

}  // namespace berth::hub
