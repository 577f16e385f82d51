// The hub's HTTP API: one table of routes, what each may be called with, and its handler.
//
// Every call is checked the same way before its handler runs: who calls (a browser's session, or an
// API token with the route's scope), the origin (cross_site.h), and that it does not come from an
// instance's page in path mode. Errors become problem details.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"
#include "hub/context.h"
#include "identity/api_tokens.h"
#include "identity/people.h"
#include "identity/sessions.h"

namespace berth::hub {

/// One call, checked.
struct ApiCall {
  http::Request request;
  identity::PersonPtr user;      ///< Who calls; null only where the route is open to all.
  identity::SessionPtr session;  ///< Null with an API token, and where the route is open to all.
  identity::ApiTokenPtr token;   ///< Null with a session, and where the route is open to all.
  std::string id;                ///< What stands for the first {hole} of the pattern.
  std::string second_id;         ///< What stands for the second.

  /// REQUIRES: the route is not open to all.
  std::int64_t user_id() const { return user->id; }
};

/// Who may call a route without an API token.
enum class Access {
  kAnyone,   ///< Whoever can reach the hub.
  kProgram,  ///< Likewise, but it sets no cookie: programs call it without saying an origin.
  kSession,  ///< A signed-in browser.
};

/// For routes that no API token opens: they are about the browser's own session, or would let a
/// token outlive its revocation.
inline constexpr std::optional<identity::Scope> kNoToken = std::nullopt;

/// What is particular to a route.
enum class Manner {
  kUsual,
  kIsNoUse,  ///< Of the session, where a browser calls: pages that are left open ask it.
  /// A change that waits for an instance or another server, for seconds; others wait for the hub's
  /// own database. REQUIRES: the route is not open to all.
  kWaitsForOthers,
  /// It does not count as one of the changes that a caller may make: it ends one session or token.
  /// Whoever stole one must not be able to use up what its owner needs to end it, and there are
  /// only so many to end.
  kEndsOne,
};

/// Answers a call that was checked.
using Handler = Task<Result<http::Response>>(HubContext& hub, ApiCall call);

struct Route {
  std::string_view method;
  std::string_view pattern;  ///< "/api/tokens/{id}/revoke"; a {hole} is one segment, two at most.
  Access access;
  std::optional<identity::Scope> scope;  ///< What an API token needs; or kNoToken.
  Handler* handler;
  Manner manner = Manner::kUsual;
};

/// All routes.
std::span<const Route> ApiRoutes();

/// Whether a path belongs to the API, whatever the method.
bool IsApiPath(std::string_view path);

/// Finds the route, checks the call and runs its handler. Always a response: errors, a wrong method
/// (405) and an unknown path (404) are problem details.
Task<Result<http::Response>> HandleApi(HubContext& hub, http::Request request);

/// What /health says: always the same, and nothing about this hub but that it runs.
http::Response HealthAnswer();

/// Fills in who calls by this bearer token, or gives the answer that says why not. `what` is being
/// asked for, for the log: "GET /clients".
std::optional<http::Response> IdentifyByToken(HubContext& hub, std::string_view bearer,
                                              std::optional<identity::Scope> scope,
                                              std::string_view what, ApiCall& call);

// The handlers, by file.
// api_answers.cc
Handler AnswerClient, MarkSeen;
// api_api_tokens.cc
Handler ListApiTokens, CreateApiToken, RevokeApiToken;
// api_audit.cc
Handler ListAudit;
// api_clients.cc
Handler ListClients, GetClient, DisconnectClient, GetWebSocketInfo, OpenClient;
// api_enrolments.cc
Handler StartEnrolment, PollEnrolment, LookUpEnrolment, ApproveEnrolment, DenyEnrolment;
// api_instances.cc
Handler RenameClient, RemoveClient, GetClientHistory;
// api_notifications.cc
Handler GetNotificationKey, ListNotificationTargets, CreateNotificationTarget,
    ChangeNotificationTarget, DeleteNotificationTarget, TestNotificationTarget;
// api_people.cc
Handler ListPeople, ChangePerson, SignOutPerson;
// api_session.cc
Handler GetHealth, GetSession, CreateSession, DeleteSession;
// api_sessions.cc
Handler ListSessions, EndOtherSessions, EndSession;
// api_shares.cc
Handler ListShares, CreateShare, DeleteShare;
// api_tokens.cc
Handler ListTokens, CreateToken, RevokeToken;
// openapi.cc
Handler GetApiDescription;
// sign_in_routes.cc
Handler GetSignInWays;

}  // namespace berth::hub
