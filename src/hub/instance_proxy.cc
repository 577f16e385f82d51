#include "hub/instance_proxy.h"

#include <algorithm>

#include "base/log.h"
#include "control/stream_fields.h"
#include "http/cookie.h"
#include "http/header_rules.h"
#include "http/one_browser.h"
#include "http/reverse_proxy.h"
#include "http/shared_asset.h"
#include "hub/agent_problem.h"
#include "hub/asset_cache.h"
#include "hub/browser.h"
#include "hub/compression.h"
#include "hub/cross_site.h"
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
  head.fields.Remove("use-as-dictionary");  // For what it matches, all of the origin if it says so.
  if (!head.fields.Has("set-cookie")) return;
  std::vector<std::string> cookies;
  for (const auto& [name, value] : head.fields) {
    if (name != "set-cookie") continue;
    if (auto cookie = ConfineCookie(value, prefix)) cookies.push_back(std::move(*cookie));
  }
  head.fields.Remove("set-cookie");
  for (const auto& cookie : cookies) head.fields.Add("set-cookie", cookie);
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
    if (!hints.empty()) head.fields.Add(http::kHeldField, hints);
  }
  void EditResponse(http::ResponseHead& head) override {
    refusal = AgentProblemOf(head, instance_id);
    digest = head.fields.Find(http::kDigestField).value_or("");
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
  // What the answer depends on; the request is about to move on.
  const Reader reader = ReaderOf(request.head);
  const std::string method = request.head.method;
  const bool is_by_sibling = IsOpenedBySibling(request.head);

  auto admitted = Admit(hub, request, session, placement);
  if (!admitted) co_return std::move(admitted).error();
  const Instance& instance = *admitted->visible.instance;
  auto assertion =
      instance.link->Assert(admitted->person, session->id, AssertedRole(admitted->visible.role));
  if (!assertion) {
    LogWarn("instance {}: {}", placement.instance_id, assertion.error().ToString());
    co_return Refuse(hub, placement, reader, ProblemOf(assertion.error()));
  }

  const auto compression =
      CompressionFor(hub, request.head, placement.prefix, request.peer, instance.link->address());
  const bool is_version_1 = assertion->empty();
  AssetExchange assets(hub, request.head, instance.user_id,
                       !is_version_1 && !compression.is_agent_near);
  const auto edits = std::allocate_shared<Edits>(PoolAllocator<Edits>());
  edits->address = request.peer.address;
  edits->prefix = placement.prefix;
  edits->instance_id = placement.instance_id;
  edits->assertion = std::move(*assertion);
  edits->person = admitted->person;
  edits->coding = compression.at_agent;
  edits->hints = assets.Hints();

  EndWithAccess(request, *session, *admitted);
  Event* const gate = admitted->gate.get();
  auto exchange = http::ReverseProxy(hub.executor, hub.limits, instance.link->streams(),
                                     std::move(request), edits);
  if (gate != nullptr) exchange = WithCancel(*gate, std::move(exchange));
  auto response = co_await WithCancel(session->ended, std::move(exchange));
  if (session->ended.is_set()) {
    co_return Refuse(hub, placement, reader, ProblemOf(Unauthorized("the session ended")));
  }
  if (gate != nullptr && gate->is_set()) {
    co_return Refuse(hub, placement, reader, OwnAddressProblem(hub, placement.instance_id, "/"));
  }
  if (!response) {
    LogDebug("instance {}: {}", placement.instance_id, response.error().ToString());
    const auto failed = ExchangeProblemOf(response.error(), placement.instance_id);
    co_return Refuse(hub, placement, reader, failed.problem, failed.retry);
  }
  if (const auto& refusal = edits->refusal) {
    co_return Refuse(hub, placement, reader, refusal->problem, refusal->retry);
  }
  auto completed = assets.Complete(edits->digest, *response);
  if (!completed) {
    LogWarn("instance {}: {}", placement.instance_id, completed.error().ToString());
    const auto failed = ExchangeProblemOf(completed.error(), placement.instance_id);
    co_return Refuse(hub, placement, reader, failed.problem, failed.retry);
  }

  if (!response->is_upgraded()) {
    http::Fields& fields = response->head.fields;
    const bool is_page = reader == Reader::kPerson;
    if (placement.prefix.empty()) CutOpener(fields, is_by_sibling, is_page);
    KeepFromFrames(fields, is_page);
    http::KeepToOneBrowser(fields);  // Only now: `assets` goes by what the instance said.
  }
  if (compression.at_hub) hub.compressor->Apply(*compression.at_hub, method, *response);
  EndWithAccess(hub, *response, *session, *admitted);
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
