#include "hub/instance_site.h"

#include "base/encoding.h"
#include "base/seal.h"
#include "http/cookie.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/reserved_path.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/changes.h"
#include "hub/cross_site.h"
#include "hub/instance_proxy.h"
#include "hub/json_body.h"
#include "hub/pages.h"
#include "hub/problem.h"
#include "hub/registry.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

/// The hub's page that opens the instance: it orders a one-time code for whoever is signed in.
std::string OpenerOf(const HubContext& hub, std::string_view instance_id) {
  return fmt::format("{}/open?client={}", hub.hosts.public_origin().ToString(), instance_id);
}

/// Whether a page of the hub led here: the Referrer-Policy of those that do lets the browser name
/// its origin (pages.cc). Anybody may have a code of their own, and lead others to it, who would
/// then be signed in here in that one's place.
bool IsLedByHub(const HubContext& hub, const http::RequestHead& head) {
  const auto referer = head.fields.Find("referer");
  if (!referer || head.fields.Count("referer") > 1) return false;
  const auto origin = ParseOrigin(*referer);
  return origin && origin->scheme == hub.hosts.public_origin().scheme &&
         hub.hosts.Match(origin->authority()).kind == HostKind::kHub;
}

/// Whether it asks for the script of a service worker, as browsers do past any worker.
bool IsWorkerScript(const http::RequestHead& head) {
  return head.method == "GET" && head.fields.Find("service-worker") == "script";
}

/// As long as browsers keep a cookie at all.
constexpr auto kOwnerKnownFor = std::chrono::days(400);

/// An id stays its first owner's, but in a database of before it may have changed hands. What lies
/// in the browser at this address from when it was somebody else's is not for the page that comes
/// now: it is cleared, before the page is there, whenever the browser does not show by its cookie
/// that it last saw an instance of this owner.
void PartFromFormerOwner(const HubContext& hub, const http::RequestHead& head,
                         std::string_view instance_id, std::int64_t owner_id,
                         http::Fields& answer) {
  const auto kind = identity::CookieKind::kOwner;
  const Secret owner(Base64UrlEncode(
      hub.sealer.Code("owner of an id", fmt::format("{} {}", instance_id, owner_id))));
  const auto seen = http::FindCookie(head.fields, identity::CookieName(kind, hub.scheme));
  if (seen != owner.Reveal()) answer.Add("clear-site-data", R"("cache", "storage")");
  const WallTime now = hub.clock();
  answer.Add("set-cookie", identity::SetCookie(kind, hub.scheme, owner, now, now + kOwnerKnownFor));
}

/// POST /.berth/session {"code": ticket}: the cookie of this origin, a child of the hub's session.
Task<Result<http::Response>> RedeemTicket(HubContext& hub, http::Request request,
                                          std::string instance_id) {
  auto same_origin =
      CheckSameOrigin(request.head, hub.hosts.OriginOf(request.head.authority), Proof::kCookie);
  if (!same_origin) co_return std::move(same_origin).error();
  const std::string address = request.peer.address;
  // Wrong codes are not counted: nobody guesses 256 bits, and the page of one instance could lock
  // whoever looks at it out of the others, and out of sign-in.
  auto body = co_await JsonBody::Read(hub, request);
  if (!body) co_return std::move(body).error();
  const Secret code(body->String("code"));
  auto checked = body->Finish();
  if (!checked) co_return std::move(checked).error();
  const auto parent = hub.identity.tickets().Redeem(code.Reveal(), instance_id);
  if (!parent) {
    hub.identity.audit().RecordSparsely({.action = identity::audit_action::kOpen,
                                         .result = identity::audit_result::kDenied,
                                         .instance_id = KnownInstance(hub, instance_id),
                                         .address = address,
                                         .detail = "unknown or used ticket"});
    co_return Unauthorized("unknown or used ticket");
  }
  const auto person = PersonOf(hub, parent->user_id);
  const auto visible = person ? hub.registry.Find(instance_id, *person) : std::nullopt;
  if (!visible) {
    hub.identity.audit().RecordSparsely({.action = identity::audit_action::kOpen,
                                         .result = identity::audit_result::kDenied,
                                         .actor_id = parent->user_id,
                                         .instance_id = KnownInstance(hub, instance_id),
                                         .address = address,
                                         .detail = "no longer shared with them"});
    co_return NotFound("no such instance for them");
  }
  const std::int64_t owner_id = visible->instance->user_id;
  auto response = NoContent();
  // A browser that has the instance open keeps its session there: their number is limited, and a
  // new one would in time end what runs in a window opened before.
  const auto present = InstanceSessionOf(hub, request.head, instance_id);
  if (!present || present->parent_id != parent->id) {
    auto child = co_await hub.identity.sessions().CreateChild(parent, instance_id);
    if (!child) co_return Wrap(std::move(child).error(), "create instance session");
    response.head.fields.Add(
        "set-cookie", identity::SetCookie(identity::CookieKind::kInstance, hub.scheme,
                                          child->cookie, hub.clock(), child->session->expires_at));
  }
  hub.identity.audit().RecordSparsely({.action = identity::audit_action::kOpen,
                                       .actor_id = parent->user_id,
                                       .instance_id = instance_id,
                                       .address = address,
                                       .detail = "subdomain mode"});
  PartFromFormerOwner(hub, request.head, instance_id, owner_id, response.head.fields);
  http::NeverKept(response.head.fields);
  co_return response;
}

Task<Result<http::Response>> ServeReserved(HubContext& hub, http::Request request,
                                           std::string instance_id) {
  const std::string_view path = request.head.path();
  const bool is_reading = request.head.method == "GET" || request.head.method == "HEAD";
  if (path == "/.berth/auth" && is_reading && !request.head.is_upgrade()) {
    co_return SignOnPage(IsLedByHub(hub, request.head) ? "" : OpenerOf(hub, instance_id));
  }
  if (IsSharedPath(path)) {
    if (auto page = PageAt(request.head)) co_return std::move(*page);
  }
  if (path == kProbePath && IsSafe(request.head)) {
    auto session = InstanceSessionOf(hub, request.head, instance_id, identity::Use::kIsNone);
    if (!session) co_return ProblemResponse(ProblemOf(Unauthorized("no session")));
    const Placement placement{
        .instance_id = std::move(instance_id), .prefix = "", .expected_origin = ""};
    co_return AnswerProbe(hub, request, session, placement);
  }
  if (path == "/.berth/session" && request.head.method == "POST") {
    auto received = co_await JsonBody::Receive(hub, request);
    if (!received) co_return ProblemResponse(HubProblemOf(received.error()));
    Caller caller = CallerAt(request.peer.address, "ticket");
    auto response = co_await hub.changes.CarryOut(
        std::move(caller), RedeemTicket(hub, std::move(request), std::move(instance_id)));
    if (response) co_return response;
    co_return ProblemResponse(HubProblemOf(response.error()));
  }
  co_return ProblemResponse({404, "Not found", "There is nothing at this address."});
}

}  // namespace

Task<Result<http::Response>> ServeInstanceSite(HubContext& hub, http::Request request,
                                               std::string instance_id) {
  // Not a coroutine: see Router::Exchange.
  if (http::IsReservedPath(request.head.path())) {
    return ServeReserved(hub, std::move(request), std::move(instance_id));
  }
  auto session = InstanceSessionOf(hub, request.head, instance_id);
  if (!session) {
    // The browser asks for it after each navigation that the instance's worker answered.
    if (IsWorkerScript(request.head)) return http::AtHand(StandInWorker());
    const std::string sign_in = fmt::format("{}&next={}", OpenerOf(hub, instance_id),
                                            http::EscapeQuery(request.head.target));
    return http::AtHand(SignInNeeded(request.head, sign_in));
  }
  Placement placement;
  if (!IsSafe(request.head)) {
    placement.expected_origin = hub.hosts.OriginOf(request.head.authority);
  }
  placement.instance_id = std::move(instance_id);
  return ForwardToInstance(hub, std::move(request), std::move(session), std::move(placement));
}

}  // namespace berth::hub
