#include "hub/sign_in_routes.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/log.h"
#include "http/query.h"
#include "hub/audit_events.h"
#include "hub/begin_session.h"
#include "hub/browser.h"
#include "hub/changes.h"
#include "hub/cross_site.h"
#include "hub/page_proof.h"
#include "hub/pages.h"
#include "hub/problem.h"
#include "identity/identity.h"
#include "identity/sign_in.h"

namespace berth::hub {
namespace {

using identity::kSignInReturn;
using identity::kSignInRoot;

struct SignInPath {
  std::string provider = {};
  bool is_callback = false;
};

std::optional<SignInPath> Parse(const HubContext& hub, std::string_view path) {
  if (!path.starts_with(kSignInRoot)) return std::nullopt;
  path.remove_prefix(kSignInRoot.size());
  SignInPath parsed;
  if (path.ends_with(kSignInReturn)) {
    parsed.is_callback = true;
    path.remove_suffix(kSignInReturn.size());
  }
  const auto is_named = [path](const auto& provider) { return provider->name() == path; };
  if (std::ranges::none_of(hub.sign_in->providers(), is_named)) return std::nullopt;
  parsed.provider = path;
  return parsed;
}

/// Why a sign-in came to nothing: a status, and a word that the sign-in page explains.
struct Refusal {
  int status = 400;
  std::string_view reason = {};  ///< web/src/login.tsx knows them.
  std::string_view detail = {};  ///< For those who read no page.
  std::string who = {};
};

http::Response Refuse(const http::RequestHead& head, const Refusal& refusal) {
  if (IsNavigation(head)) return SignInPage(refusal.status, refusal.reason, refusal.who);
  return ProblemResponse({refusal.status, "Sign-in failed", std::string(refusal.detail)});
}

Refusal RefusalOf(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kInvalid:
      return {400, "state", "This sign-in was begun elsewhere, used already or is too old.", {}};
    case ErrorKind::kCancelled:
      return {400, "cancelled", "The sign-in was not completed at the provider.", {}};
    case ErrorKind::kUnauthorized:
      return {400, "code", "The provider did not confirm this sign-in.", {}};
    case ErrorKind::kTimeout:
    case ErrorKind::kUnavailable:
      return {502, "unavailable", "The provider does not answer as it should.", {}};
    default:
      return {500, "internal", "The hub failed; its log says why.", {}};
  }
}

/// The provider has done its part.
Refusal RefusalByDatabase(const Error& error) {
  if (error.kind != ErrorKind::kUnavailable) return RefusalOf(Internal(""));
  return {503, "database", "The hub cannot use its database now; try again.", {}};
}

http::Response RefuseFor(std::chrono::seconds wait, const http::RequestHead& head,
                         const Refusal& refusal) {
  auto response = Refuse(head, refusal);
  response.head.fields.Set("retry-after", std::to_string(wait.count()));
  return response;
}

http::Response TooMany(const http::RequestHead& head, std::chrono::seconds wait) {
  return RefuseFor(wait, head, {429, "attempts", "Too many attempts; wait and try again.", {}});
}

/// Where to go after signing in: `next` if it is a path of this origin that a browser reads as one,
/// else "/dashboard".
std::string LocalPath(std::string_view next) {
  const bool is_path = next.starts_with('/') && !next.starts_with("//") && next.size() <= 8192 &&
                       std::ranges::all_of(next, [](char c) {
                         return c > 0x20 && c < 0x7f && c != '\\' && c != '"';
                       });
  const bool is_loop = next.starts_with(kSignInRoot) || next.starts_with("/login");
  return std::string(is_path && !is_loop ? next : "/dashboard");
}

Task<Result<http::Response>> Begin(HubContext& hub, http::Request request, std::string provider) {
  const http::RequestHead& head = request.head;
  // The provider leads back to the public address: the cookie must be of that one.
  const Origin& origin = hub.hosts.public_origin();
  if (head.authority != origin.authority()) {
    co_return Redirect(302, origin.ToString() + head.target);
  }
  std::string next = LocalPath(http::QueryParameter(head.query(), "next").value_or(""));
  // The provider may ask nothing, and a new session ends the one before: a person has to want it.
  if (IsLedByAnotherOrigin(head)) {
    co_return Redirect(302, fmt::format("/login?next={}", http::EscapeQuery(next)));
  }
  if (const auto wait = hub.identity.sign_in_limiter().Attempt(request.peer.address)) {
    co_return TooMany(head, *wait);
  }
  auto begun = co_await hub.sign_in->Begin(std::move(provider), std::move(next));
  if (!begun) {
    LogWarn("sign-in: {}", begun.error().ToString());
    co_return Refuse(head, RefusalOf(begun.error()));
  }
  const WallTime now = hub.clock();
  auto response = Redirect(302, begun->location);
  response.head.fields.Add(
      "set-cookie", identity::SetCookie(identity::CookieKind::kSignIn, hub.scheme, begun->browser,
                                        now, now + hub.limits.sign_in_lifetime));
  co_return response;
}

Task<Result<http::Response>> Finish(HubContext& hub, http::Request request, std::string provider) {
  const http::RequestHead& head = request.head;
  const std::string address = request.peer.address;
  if (const auto wait = hub.identity.sign_in_limiter().Check(address)) {
    co_return TooMany(head, *wait);
  }
  identity::SignInReturn back;
  back.state = http::QueryParameter(head.query(), "state").value_or("");
  back.code = http::QueryParameter(head.query(), "code").value_or("");
  back.browser = identity::PresentedCookie(head.fields, identity::CookieKind::kSignIn, hub.scheme)
                     .value_or("");
  back.address = address;
  // No state is good without its cookie, and any page can lead here without one: that is no guess,
  // nor worth a line of the log.
  if (back.browser.empty() && IsLedByAnotherOrigin(head)) {
    co_return Refuse(head, RefusalOf(Invalid("")));
  }
  auto end = co_await hub.sign_in->Finish(std::move(provider), std::move(back));
  if (!end) {
    NoteRefusedSignIn(hub, address, end.error());
    const bool is_guess = end.error().kind == ErrorKind::kInvalid;
    if (is_guess) hub.identity.sign_in_limiter().Count(address);
    co_return Refuse(head, RefusalOf(end.error()));
  }
  if (!end->person) {
    LogError("sign-in: write the user: {}", end->person.error().ToString());
    co_return Refuse(head, RefusalByDatabase(end->person.error()));
  }
  const identity::PersonPtr person = *end->person;
  if (!person) {
    LogWarn("sign-in from {} denied: {} is not on an allow-list", ForLog(address),
            ForLog(end->who));
    co_return Refuse(head, {403, "denied", "You are not on this hub's list.", end->who});
  }
  auto cookie = co_await BeginSession(hub, head, address, person->id, person->provider);
  if (!cookie) {
    if (cookie.error().kind == ErrorKind::kUnauthorized) {
      LogWarn("sign-in from {}: ended while it began", ForLog(address));
      co_return Refuse(head, RefusalOf(Cancelled("")));
    }
    LogError("create session: {}", cookie.error().ToString());
    co_return Refuse(head, RefusalByDatabase(cookie.error()));
  }
  auto response = Redirect(303, end->next);
  response.head.fields.Add("set-cookie", *cookie);
  response.head.fields.Add("set-cookie",
                           identity::ClearCookie(identity::CookieKind::kSignIn, hub.scheme));
  co_return response;
}

}  // namespace

bool IsSignInPath(const HubContext& hub, std::string_view path) {
  return Parse(hub, path).has_value();
}

Task<Result<http::Response>> ServeSignIn(HubContext& hub, http::Request request) {
  const SignInPath path = *Parse(hub, request.head.path());
  // A HEAD would use the state up.
  if (request.head.method != "GET" || request.head.is_upgrade()) {
    auto response = ProblemResponse({405, "Method not allowed", "Use GET."});
    response.head.fields.Add("allow", "GET");
    co_return response;
  }
  // An image of any page's would use up the attempts of whoever sees it.
  if (request.head.fields.Has("sec-fetch-mode") && !IsShownAsDocument(request.head)) {
    co_return ProblemResponse({403, "Not a page", "Signing in is for a page of its own."});
  }
  if (path.is_callback) {
    request.body = nullptr;
    request.interim = nullptr;  // With the body, all that leads to the connection.
    Caller caller = CallerAt(request.peer.address, "callback");
    caller.waits_for_others = true;
    if (const auto refusal = hub.changes.Refusal(caller)) {
      // A person reads this, who can try again: nothing of the sign-in is used up yet.
      const Refusal busy{
          refusal->head.status, "busy", "The hub is busy or stopping; try again.", {}};
      co_return RefuseFor(std::chrono::seconds(1), request.head, busy);
    }
    co_return co_await hub.changes.CarryOut(std::move(caller),
                                            Finish(hub, std::move(request), path.provider));
  }
  co_return co_await Begin(hub, std::move(request), path.provider);
}

Task<Result<http::Response>> GetSignInWays(HubContext& hub, ApiCall) {
  boost::json::array ways;
  for (const auto& provider : hub.sign_in->providers()) {
    ways.push_back({{"name", provider->name()},
                    {"label", provider->label()},
                    {"url", fmt::format("{}{}", kSignInRoot, provider->name())}});
  }
  boost::json::object body;
  body["ways"] = std::move(ways);
  co_return JsonResponse(200, boost::json::serialize(body));
}

}  // namespace berth::hub
