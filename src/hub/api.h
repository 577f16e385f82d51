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

/// What a change may wait for.
enum class Waits {
  kForStore,   ///< The hub's own database: milliseconds.
  kForOthers,  ///< An instance or another server: seconds.
};

/// REQUIRES: one that waits for others is not open to all.
struct Route {
  std::string_view method;
  std::string_view pattern;  ///< "/api/tokens/{id}/revoke"; a {hole} is one segment, two at most.
  Access access;
  std::optional<identity::Scope> scope;  ///< What an API token needs; or kNoToken.
  Task<Result<http::Response>> (*handler)(HubContext& hub, ApiCall call);
  Waits waits = Waits::kForStore;
  identity::Use use = identity::Use::kCounts;  ///< Of the session, where a browser calls.
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

// The handlers, in api_*.cc.
Task<Result<http::Response>> GetHealth(HubContext& hub, ApiCall call);
Task<Result<http::Response>> GetApiDescription(HubContext& hub, ApiCall call);
Task<Result<http::Response>> GetSession(HubContext& hub, ApiCall call);
Task<Result<http::Response>> CreateSession(HubContext& hub, ApiCall call);
Task<Result<http::Response>> DeleteSession(HubContext& hub, ApiCall call);
Task<Result<http::Response>> ListTokens(HubContext& hub, ApiCall call);
Task<Result<http::Response>> CreateToken(HubContext& hub, ApiCall call);
Task<Result<http::Response>> RevokeToken(HubContext& hub, ApiCall call);
Task<Result<http::Response>> ListSessions(HubContext& hub, ApiCall call);
Task<Result<http::Response>> EndOtherSessions(HubContext& hub, ApiCall call);
Task<Result<http::Response>> EndSession(HubContext& hub, ApiCall call);
Task<Result<http::Response>> ListApiTokens(HubContext& hub, ApiCall call);
Task<Result<http::Response>> CreateApiToken(HubContext& hub, ApiCall call);
Task<Result<http::Response>> RevokeApiToken(HubContext& hub, ApiCall call);
Task<Result<http::Response>> ListAudit(HubContext& hub, ApiCall call);
Task<Result<http::Response>> ListClients(HubContext& hub, ApiCall call);
Task<Result<http::Response>> GetClient(HubContext& hub, ApiCall call);
Task<Result<http::Response>> DisconnectClient(HubContext& hub, ApiCall call);
Task<Result<http::Response>> GetWebSocketInfo(HubContext& hub, ApiCall call);
Task<Result<http::Response>> OpenClient(HubContext& hub, ApiCall call);
// api_answers.cc
Task<Result<http::Response>> AnswerClient(HubContext& hub, ApiCall call);
Task<Result<http::Response>> MarkSeen(HubContext& hub, ApiCall call);
// api_instances.cc
Task<Result<http::Response>> RenameClient(HubContext& hub, ApiCall call);
Task<Result<http::Response>> RemoveClient(HubContext& hub, ApiCall call);
Task<Result<http::Response>> GetClientHistory(HubContext& hub, ApiCall call);
// api_shares.cc and api_people.cc.
Task<Result<http::Response>> ListShares(HubContext& hub, ApiCall call);
Task<Result<http::Response>> CreateShare(HubContext& hub, ApiCall call);
Task<Result<http::Response>> DeleteShare(HubContext& hub, ApiCall call);
Task<Result<http::Response>> ListPeople(HubContext& hub, ApiCall call);
Task<Result<http::Response>> ChangePerson(HubContext& hub, ApiCall call);
Task<Result<http::Response>> SignOutPerson(HubContext& hub, ApiCall call);
Task<Result<http::Response>> GetSignInWays(HubContext& hub, ApiCall call);  // sign_in_routes.cc
Task<Result<http::Response>> StartEnrolment(HubContext& hub, ApiCall call);
Task<Result<http::Response>> PollEnrolment(HubContext& hub, ApiCall call);
Task<Result<http::Response>> LookUpEnrolment(HubContext& hub, ApiCall call);
Task<Result<http::Response>> ApproveEnrolment(HubContext& hub, ApiCall call);
Task<Result<http::Response>> DenyEnrolment(HubContext& hub, ApiCall call);

// api_notifications.cc
Task<Result<http::Response>> GetNotificationKey(HubContext& hub, ApiCall call);
Task<Result<http::Response>> ListNotificationTargets(HubContext& hub, ApiCall call);
Task<Result<http::Response>> CreateNotificationTarget(HubContext& hub, ApiCall call);
Task<Result<http::Response>> ChangeNotificationTarget(HubContext& hub, ApiCall call);
Task<Result<http::Response>> DeleteNotificationTarget(HubContext& hub, ApiCall call);
Task<Result<http::Response>> TestNotificationTarget(HubContext& hub, ApiCall call);

}  // namespace berth::hub
