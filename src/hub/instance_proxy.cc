#include "hub/instance_proxy.h"

#include <algorithm>

#include "base/log.h"
#include "control/stream_fields.h"
#include "http/bound_body.h"
#include "http/cookie.h"
#include "http/header_rules.h"
#include "http/one_browser.h"
#include "http/query.h"
#include "http/reverse_proxy.h"
#include "http/shared_asset.h"
#include "hub/agent_problem.h"
#include "hub/asset_cache.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/compression.h"
#include "hub/cross_site.h"
#include "hub/guest_streams.h"
#include "hub/path_gates.h"
#include "hub/problem.h"
#include "hub/proxy_path.h"
#include "hub/registry.h"
#include "hub/stream_assertions.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

const std::vector<std::string_view>& ReservedCookies() {
  static const std::vector<std::string_view> names(identity::kReservedCookieNames.begin(),
                                                   identity::kReservedCookieNames.end());
  return names;
}

Result<void> CheckRequest(const http::RequestHead& head, std::string_view expected_origin) {
  auto same_origin = CheckSameOrigin(head, expected_origin, Proof::kCookie);
  if (!same_origin) return same_origin;
  auto not_embedded = CheckNotEmbedded(head);
  if (!not_embedded) return not_embedded;
  return Ok();
}

/// Why path mode is not for this instance, and where to go.
Problem OwnAddressProblem(const HubContext& hub, std::string_view instance_id,
                          std::string_view target) {
  Problem problem{403, "This instance has an address of its own",
                  "Instances that are shared open only there, where their pages cannot reach "
                  "the hub or other instances."};
  if (hub.hosts.has_subdomains()) {
    problem.link = fmt::format("{}/open?client={}&next={}", hub.hosts.public_origin().ToString(),
                               instance_id, http::EscapeQuery(target));
    problem.link_text = "Open it there";
  } else {
    problem.detail += " This hub has no domain for them (--apps-domain).";
  }
  return problem;
}

/// Why somebody who may see the instance may not do this; nothing if they may. Path mode puts an
/// instance's pages on the hub's own origin, so it is for what is one's own and nobody else's.
std::optional<Problem> CheckRole(const HubContext& hub, const http::RequestHead& head,
                                 const VisibleInstance& visible, const Placement& placement) {
  const bool is_owner = visible.role == identity::InstanceRole::kOwner;
  const bool is_path_mode = !placement.prefix.empty();
  if (is_path_mode && (!is_owner || hub.identity.shares().IsShared(placement.instance_id))) {
    return OwnAddressProblem(hub, placement.instance_id, head.target);
  }
  if (visible.role == identity::InstanceRole::kViewer && !head.is_upgrade() && !IsSafe(head)) {
    return Problem{403, "You may only look",
                   "This instance is shared with you as a viewer, so nothing can be sent to it."};
  }
  return std::nullopt;
}

/// Into the audit log, sparsely.
void NoteDenied(HubContext& hub, const identity::Session& session, std::string_view address,
                std::string_view instance_id, std::string_view reason) {
  hub.identity.audit().RecordSparsely({.action = identity::audit_action::kAccess,
                                       .result = identity::audit_result::kDenied,
                                       .actor_id = session.user_id,
                                       .instance_id = KnownInstance(hub, instance_id),
                                       .address = std::string(address),
                                       .detail = std::string(reason)});
}

/// In path mode nothing else says that an instance is opened: each page counts, sparsely.
void NoteOpened(HubContext& hub, const http::Request& request, const identity::Session& session,
                const Placement& placement) {
  if (placement.prefix.empty() || !IsNavigation(request.head)) return;
  hub.identity.audit().RecordSparsely({.action = identity::audit_action::kOpen,
                                       .actor_id = session.user_id,
                                       .instance_id = placement.instance_id,
                                       .address = request.peer.address,
                                       .detail = "path mode"});
}

/// Ids of people whom GitHub does not know begin here in version 1, where an id is a number: GitHub
/// has nobody there, and JavaScript still counts exactly.
constexpr std::int64_t kFirstOwnId = std::int64_t{1} << 52;

/// Who asks, as version 1 says it: a number and a name, which instances hold for GitHub's. Nobody
/// passes there for somebody of GitHub's who is called the same elsewhere: no login has a colon.
void AddIdentity(http::Fields& fields, const store::User& person) {
  const bool is_github = person.provider == "github";
  fields.Add("x-orchestrator-user-id",
             is_github ? person.subject : std::to_string(kFirstOwnId + person.id));
  std::string login(identity::LoginOf(person));
  if (!is_github && !login.empty()) login.insert(0, person.provider + ":");
  const bool is_plain = std::ranges::all_of(login, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!login.empty() && is_plain) fields.Add("x-orchestrator-username", login);
}

/// What the browser sent, as the instance's agent may see it.
void EditRequest(http::RequestHead& head, std::string_view address, std::string_view prefix) {
  http::RemoveForwarding(head.fields);
  http::RemoveCookies(head.fields, ReservedCookies());
  if (!prefix.empty()) http::RenameCookies(head.fields, kHostAlias, kHostCookie);
  http::AddForwarding(
      head.fields,
      {.address = address, .scheme = head.scheme, .authority = head.authority, .prefix = prefix});
}

/// What the instance answered, as a browser may see it on an address of ours.
void EditResponse(http::ResponseHead& head, std::string_view prefix) {
  const bool is_scope_widened = head.fields.Has("service-worker-allowed");
  http::RemoveDangerous(head.fields, ReservedCookies());
  // A service worker of one instance may control that instance's pages, never the whole origin.
  if (is_scope_widened && !prefix.empty()) {
    head.fields.Add("service-worker-allowed", fmt::format("{}/", prefix));
  }
  if (prefix.empty()) return;
  // With one of its own, a window that it opens on the hub's pages would be within its reach
  // (page_proof.h).
  head.fields.Remove("cross-origin-opener-policy");
  if (!head.fields.Has("set-cookie")) return;
  std::vector<std::string> cookies;
  for (const auto& [name, value] : head.fields) {
    if (name != "set-cookie") continue;
    if (auto cookie = ConfineCookie(value, prefix)) cookies.push_back(std::move(*cookie));
  }
  head.fields.Remove("set-cookie");
  for (const auto& cookie : cookies) head.fields.Add("set-cookie", cookie);
}

Problem AwayProblem(std::string_view instance_id) {
  return {503, "The instance is not connected",
          fmt::format("The agent of \"{}\" is not connected to this hub. Check that the machine is "
                      "on and that berth agent is running there.",
                      instance_id)};
}

Problem TooManyProblem(std::uint64_t most) {
  return {
      503, "Too many at once",
      fmt::format("Those with whom this instance is shared may have {} requests open there at a "
                  "time, all of them together. Close what you do not need, or try again.",
                  most)};
}

/// What the hub changes in the heads of one exchange, and what the agent says of its own in that of
/// the response, of which nothing reaches the browser.
class Edits : public http::ProxyEdits {
 public:
  void EditRequest(http::RequestHead& head) override {
    hub::EditRequest(head, address, prefix);
    http::RestoreEtags(head.fields);
    if (assertion.empty()) {
      AddIdentity(head.fields, *person);
      return;
    }
    head.fields.Add(control::kAssertionField, assertion);
    if (coding != http::Coding::kIdentity) {
      head.fields.Add(control::kCompressField, http::NameOf(coding));
    }
    if (!hints.empty()) head.fields.Add(control::kHeldField, hints);
  }
  void EditResponse(http::ResponseHead& head) override {
    refusal = AgentProblemOf(head, instance_id);
    digest = head.fields.Find(control::kDigestField).value_or("");
    hub::EditResponse(head, prefix);
  }

  std::string address;
  std::string prefix;
  std::string instance_id;
  std::string assertion;  ///< "": the agent speaks version 1.
  identity::PersonPtr person;
  http::Coding coding = http::Coding::kIdentity;
  std::string hints;

  std::optional<AgentProblem> refusal;  ///< Why there is no answer of the instance.
  std::string digest;  ///< Of the body that the hub is to send; "": the response has its own.
};

/// The hub's part in sparing an agent a body (http/shared_asset.h), for one exchange.
class AssetExchange {
 public:
  /// Does nothing unless `is_worth_it`.
  AssetExchange(HubContext& hub, const http::RequestHead& head, std::int64_t owner_id,
                bool is_worth_it)
      : hub_(hub), owner_id_(owner_id) {
    if (!is_worth_it || !http::MayAskForSharedAsset(head)) return;
    target_ = head.target;
    held_ = hub.assets->Find(owner_id, target_);
  }

  /// For the agent; "" if nothing is held.
  std::string Hints() const {
    std::string hints;
    for (const auto& asset : held_) {
      if (!hints.empty()) hints += ", ";
      hints += asset->hint;
    }
    return hints;
  }

  /// Puts the body that the agent named into the response, or keeps the response's own for the next
  /// time. kInvalid: the agent named what it was not offered.
  Result<void> Complete(std::string_view digest, http::Response& response) {
    if (!digest.empty()) {
      const auto named = std::ranges::find(held_, digest, [](const auto& a) { return a->digest; });
      if (named == held_.end()) return Invalid("the agent named a body that is not held");
      response.body = AssetCache::BodyOf(*named);
    } else if (!target_.empty() && response.body && http::IsSharedAsset(response.head)) {
      response.body = hub_.assets->Watch(owner_id_, target_, std::move(response.body));
    }
    return Ok();
  }

 private:
  HubContext& hub_;
  const std::int64_t owner_id_;
  std::string target_;  // "": nothing is spared.
  std::vector<KeptAssetPtr> held_;
};

}  // namespace

Task<Result<http::Response>> ForwardToInstance(HubContext& hub, http::Request request,
                                               identity::SessionPtr session, Placement placement) {
  // What the answers of the hub itself depend on; the request is about to move on.
  const Reader reader = ReaderOf(request.head);
  const std::string method = request.head.method;
  const bool is_by_sibling = IsOpenedBySibling(request.head);
  const auto refuse = [&](const Problem& problem, Retry retry) {
    const std::string home = hub.hosts.public_origin().ToString() + "/dashboard";
    return InstanceProblem(reader, problem, retry, home);
  };
  auto allowed = CheckRequest(request.head, placement.expected_origin);
  if (!allowed) {
    LogDebug("instance {}: {}", placement.instance_id, allowed.error().ToString());
    NoteDenied(hub, *session, request.peer.address, placement.instance_id, "another origin");
    co_return refuse(ProblemOf(allowed.error()), Retry::kNo);
  }
  const auto person = PersonOf(hub, session->user_id);
  const auto visible = person ? hub.registry.Find(placement.instance_id, *person) : std::nullopt;
  if (!visible) {
    NoteDenied(hub, *session, request.peer.address, placement.instance_id, "not shared with them");
    co_return refuse(
        {404, "No such instance",
         "You have no instance of this name, and none of this name is shared with you."},
        Retry::kNo);
  }
  if (const auto problem = CheckRole(hub, request.head, *visible, placement)) {
    NoteDenied(hub, *session, request.peer.address, placement.instance_id, problem->title);
    co_return refuse(*problem, Retry::kNo);
  }
  session->used_as = visible->role;
  NoteOpened(hub, request, *session, placement);
  // Path mode ends for an instance with its first share. Null in subdomain mode.
  const auto gate = placement.prefix.empty() ? std::shared_ptr<Event>()
                                             : hub.path_gates->Enter(placement.instance_id);
  const Instance* const instance = visible->instance;
  if (!instance->is_live()) {
    co_return refuse(AwayProblem(placement.instance_id), Retry::kEvery3Seconds);
  }
  // What keeps the session for the bodies, and for those of a guest the place that they take.
  std::shared_ptr<const void> guard = session;
  if (visible->role != identity::InstanceRole::kOwner) {
    guard = hub.guests->Enter(placement.instance_id, std::move(guard));
    if (!guard) {
      auto refused = refuse(TooManyProblem(hub.limits.tunnel_streams / 2), Retry::kEvery3Seconds);
      refused.head.fields.Add("retry-after", "3");
      co_return refused;
    }
  }
  auto assertion = instance->link->Assert(person, session->id, AssertedRole(visible->role));
  if (!assertion) {
    LogWarn("instance {}: {}", placement.instance_id, assertion.error().ToString());
    co_return refuse(ProblemOf(assertion.error()), Retry::kNo);
  }
  const auto compression =
      CompressionFor(hub, request.head, placement.prefix, request.peer, instance->link->address());
  const bool is_version_1 = assertion->empty();
  AssetExchange assets(hub, request.head, instance->user_id,
                       !is_version_1 && !compression.is_agent_near);
  const auto edits = std::allocate_shared<Edits>(PoolAllocator<Edits>());
  edits->address = request.peer.address;
  edits->prefix = placement.prefix;
  edits->instance_id = placement.instance_id;
  edits->assertion = std::move(*assertion);
  edits->person = person;
  edits->coding = compression.at_agent;
  edits->hints = assets.Hints();
  // Both bodies end with the session.
  const auto why = ErrorKind::kUnauthorized;
  if (request.body) {
    request.body =
        http::EndWith(std::move(request.body), session->ended, why, guard, &session->was_used);
    if (gate) request.body = http::EndWith(std::move(request.body), *gate, why, gate);
  }
  auto exchange = http::ReverseProxy(hub.executor, hub.limits, instance->link->streams(),
                                     std::move(request), edits);
  if (gate) exchange = WithCancel(*gate, std::move(exchange));
  auto response = co_await WithCancel(session->ended, std::move(exchange));
  if (session->ended.is_set()) {
    co_return refuse(ProblemOf(Unauthorized("the session ended")), Retry::kNo);
  }
  if (gate && gate->is_set()) {
    co_return refuse(OwnAddressProblem(hub, placement.instance_id, "/"), Retry::kNo);
  }
  if (!response) {
    LogDebug("instance {}: {}", placement.instance_id, response.error().ToString());
    co_return refuse(ProblemOf(response.error()), Retry::kEvery3Seconds);
  }
  if (edits->refusal) co_return refuse(edits->refusal->problem, edits->refusal->retry);
  auto completed = assets.Complete(edits->digest, *response);
  if (!completed) {
    LogWarn("instance {}: {}", placement.instance_id, completed.error().ToString());
    co_return refuse({502, "The agent's answer is unusable",
                      "The instance's agent named a body that this hub does not hold."},
                     Retry::kNo);
  }
  if (!response->is_upgraded()) {
    http::Fields& fields = response->head.fields;
    const bool is_page = reader == Reader::kPerson;
    if (placement.prefix.empty()) CutOpener(fields, is_by_sibling, is_page);
    KeepFromFrames(fields, is_page);
    http::KeepToOneBrowser(fields);  // Only now: `assets` goes by what the instance said.
  }
  if (compression.at_hub) hub.compressor->Apply(*compression.at_hub, method, *response);
  if (response->body && response->body->length() != 0) {
    const bool is_endless = !response->body->length() && response->is_endless();
    response->body = http::CutWith(std::move(response->body), session->ended, why, guard);
    if (gate) response->body = http::CutWith(std::move(response->body), *gate, why, gate);
    if (is_endless) {
      response->body =
          http::EndWith(std::move(response->body), hub.stopping, ErrorKind::kCancelled);
    }
  }
  co_return response;
}

http::Response SignInNeeded(const http::RequestHead& head, std::string_view sign_in_url) {
  if (IsNavigation(head)) {
    auto response = Redirect(302, sign_in_url);
    // A browser keeps the Referer across redirects; that of a page in path mode would lead the
    // sign-in page back to the instance, and so on without an end.
    response.head.fields.Add("referrer-policy", "no-referrer");
    return response;
  }
  return ProblemResponse({401, "Not signed in", "Sign in at the hub, then reload the page."});
}

}  // namespace berth::hub
