// /clients and /api/clients: the instances that the signed-in user may see.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "control/message.h"
#include "http/query.h"
#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/client_list_body.h"
#include "hub/client_view.h"
#include "hub/instance_access.h"
#include "hub/problem.h"
#include "hub/registry.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

/// The instance of that id, if the caller may see it; or an error.
Result<VisibleInstance> FindVisible(const HubContext& hub, const ApiCall& call) {
  const auto visible = hub.registry.Find(call.id, *call.user);
  if (!visible) return NotFound("no such instance");
  return *visible;
}

http::Response NowhereToOpen() {
  return ProblemResponse({409, "Nowhere to open it",
                          "This instance can open only at an address of its own, and this hub has "
                          "no domain for those: "
                          "start it with --apps-domain."});
}

}  // namespace

Task<Result<http::Response>> ListClients(HubContext& hub, ApiCall call) {
  http::Response response = JsonResponse(200, {});
  auto reader = [&hub, user_id = call.user_id(), session = call.session, token = call.token] {
    const bool is_signed_in =
        session ? !session->ended.is_set() : hub.identity.api_tokens().IsAlive(*token);
    return is_signed_in ? PersonOf(hub, user_id) : nullptr;
  };
  response.body = ClientListBody(hub, std::move(reader));
  co_return response;
}

Task<Result<http::Response>> GetClient(HubContext& hub, ApiCall call) {
  auto visible = FindVisible(hub, call);
  if (!visible) co_return std::move(visible).error();
  co_return JsonResponse(200, control::Serialise(ClientViewOf(hub, *visible)));
}

Task<Result<http::Response>> DisconnectClient(HubContext& hub, ApiCall call) {
  if (auto refusal = RefuseUnlessOwner(hub, call, "send its agent away")) {
    co_return std::move(*refusal);
  }
  const Instance* const instance = hub.registry.Get(call.id);
  if (!instance->is_live()) {
    co_return ProblemResponse(
        {409, "It is not connected", "Its agent is not there: nothing is left to disconnect."});
  }
  instance->link->Disconnect();
  co_await RecordCall(hub, call, identity::audit_action::kAgentDisconnect,
                      {.instance_id = call.id});
  co_return NoContent();
}

Task<Result<http::Response>> GetWebSocketInfo(HubContext& hub, ApiCall call) {
  auto visible = FindVisible(hub, call);
  if (!visible) co_return std::move(visible).error();
  // The page opens <ws_base>/ws and <ws_base>/shell: led back through the hub, never around it.
  std::string base = PathUrlOf(hub, *visible->instance, visible->role);
  if (!base.empty()) {
    base.insert(0, hub.hosts.OriginOf(call.request.head.authority));
  } else {
    base = UrlOf(hub, *visible->instance, visible->role);
  }
  if (base.empty()) co_return NowhereToOpen();
  base.pop_back();  // The slash.
  boost::json::object body;
  body["ws_base"] = "ws" + base.substr(4);  // http to ws, https to wss.
  body["is_local"] = false;
  co_return JsonResponse(200, boost::json::serialize(body) + "\n");
}

Task<Result<http::Response>> OpenClient(HubContext& hub, ApiCall call) {
  auto visible = FindVisible(hub, call);
  if (!visible) {
    RecordDenied(hub, call, "to open it", call.id);
    co_return std::move(visible).error();
  }
  std::string next = "/";
  if (const auto wanted = http::QueryParameter(call.request.head.query(), "next");
      wanted && wanted->starts_with('/') && !wanted->starts_with("//")) {
    next = *wanted;
  }
  const std::string& id = visible->instance->id();
  std::string url = UrlOf(hub, *visible->instance, visible->role);
  if (url.empty()) co_return NowhereToOpen();
  url.pop_back();  // The slash, with which `next` begins.
  if (url.starts_with('/')) {
    url = hub.hosts.OriginOf(call.request.head.authority) + url + next;
  } else {
    const Secret ticket = hub.identity.tickets().Issue(call.session, id);
    url += fmt::format("/.berth/auth?next={}#{}", http::EscapeQuery(next), ticket.Reveal());
  }
  boost::json::object body;
  body["url"] = url;
  co_return JsonResponse(200, boost::json::serialize(body));
}

}  // namespace berth::hub
