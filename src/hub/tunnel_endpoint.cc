#include "hub/tunnel_endpoint.h"

#include "base/log.h"
#include "http/query.h"
#include "hub/agent_tunnel.h"
#include "hub/browser.h"
#include "hub/cross_site.h"
#include "hub/problem.h"
#include "hub/v1_peer.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

/// The token that the request presents, if its user is admitted; or null. Only version 1 may have
/// it in the query.
identity::AgentTokenPtr TokenOf(HubContext& hub, const http::RequestHead& head) {
  std::optional<std::string> in_query;
  if (!tunnel::IsTunnelRequest(head)) in_query = http::QueryParameter(head.query(), "token");
  const auto text = in_query ? std::optional<std::string_view>(*in_query) : BearerOf(head);
  auto token = text ? hub.identity.tokens().Authenticate(*text) : nullptr;
  return token && PersonOf(hub, token->user_id) ? token : nullptr;
}

Task<void> RunV1Peer(std::unique_ptr<V1Peer> peer) { co_await peer->Run(); }

}  // namespace

TunnelEndpoint::TunnelEndpoint(HubContext& hub) : hub_(hub) { hub_.identity.Subscribe(*this); }

TunnelEndpoint::~TunnelEndpoint() { hub_.identity.Unsubscribe(*this); }

Task<Result<http::Response>> TunnelEndpoint::Accept(http::Request request) {
  const std::string address = request.peer.address;
  // Any page can have a browser ask here, with a token that is none: that counts for nobody, or it
  // would lock the agents out that share the browser's address.
  const std::string origin = hub_.hosts.OriginOf(request.head.authority);
  auto same_origin = CheckSameOrigin(request.head, origin, Proof::kBearer);
  if (!same_origin || IsBrowser(request.head)) {
    co_return ProblemResponse(
        {403, "Not a page's address", "Agents connect here, and nothing that runs in a browser."});
  }
  const bool is_tunnel = tunnel::IsTunnelRequest(request.head);
  if (!is_tunnel && !hub_.version_1) {
    co_return ProblemResponse(
        {400, "Unknown protocol", "This hub speaks the subprotocol berth.h2 with agents."});
  }
  auto& limiter = hub_.identity.token_limiter();
  auto token = TokenOf(hub_, request.head);
  if (!token) {
    // Wrong ones only: nobody guesses 256 bits, and an agent with a good token is not to suffer
    // from others at its address.
    if (const auto wait = limiter.Check(address)) co_return TooManyAttempts(*wait);
    // `berth token create` may have made it a moment ago, in another process. An agent that is
    // refused stays away for minutes, so look before saying no.
    auto reloaded = co_await hub_.identity.ReloadIfChanged();
    if (!reloaded) co_return ProblemResponse(HubProblemOf(reloaded.error()));
    token = TokenOf(hub_, request.head);
  }
  if (!token) {
    limiter.Count(address);
    LogWarn("agent from {} refused: bad, revoked or expired token", ForLog(address));
    hub_.identity.audit().RecordSparsely({.action = identity::audit_action::kAgentConnect,
                                          .result = identity::audit_result::kDenied,
                                          .address = address,
                                          .detail = "bad, revoked or expired token"});
    co_return ProblemResponse(
        {401, "Bad token",
         "The agent's token is unknown, revoked or expired. Get a new one with "
         "berth agent enroll."});
  }
  // The tunnels have been told to go; a new one would be waited for.
  if (hub_.stopping.is_set()) co_return StoppingProblem();
  if (!is_tunnel) {
    auto peer = std::make_unique<V1Peer>(hub_, running_, token, std::move(request),
                                         unfinished_[token->user_id]);
    auto response = peer->TakeResponse();
    hub_.sockets.Spawn("version-1 instance", RunV1Peer(std::move(peer)));
    co_return response;
  }
  co_return AgentTunnel::Open(hub_, running_, std::move(token), std::move(request));
}

void TunnelEndpoint::OnAccessChanged(const identity::AccessChange& /*change*/) {
  TellAll(&AgentConnection::CloseUnlessAdmitted);
}

void TunnelEndpoint::AnnounceKeys() { TellAll(&AgentConnection::AnnounceKeys); }

void TunnelEndpoint::Drain() { TellAll(&AgentConnection::Drain); }

void TunnelEndpoint::TellAll(void (AgentConnection::*what)()) {
  // One that is told may end, which takes it out of the list.
  const auto running = running_;
  for (AgentConnection* agent : running) (agent->*what)();
}

}  // namespace berth::hub
