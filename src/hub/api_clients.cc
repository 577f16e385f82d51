// /clients and /api/clients: the instances of the signed-in user.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "control/message.h"
#include "http/query.h"
#include "hub/api.h"
#include "hub/browser.h"
#include "hub/client_view.h"
#include "hub/registry.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

/// The caller's instance of that id, or an error.
Result<const Instance*> FindOwn(const HubContext& hub, const ApiCall& call) {
  const Instance* instance = hub.registry.Find(call.id, call.user_id());
  if (instance == nullptr) return NotFound("no such instance");
  return instance;
}

}  // namespace

Task<Result<http::Response>> ListClients(HubContext& hub, ApiCall call) {
  control::ClientList list;
  for (const Instance* instance : hub.registry.List(call.user_id())) {
    list.clients.push_back(ClientViewOf(hub, *instance));
  }
  co_return JsonResponse(200, control::Serialise(list));
}

Task<Result<http::Response>> GetClient(HubContext& hub, ApiCall call) {
  auto instance = FindOwn(hub, call);
  if (!instance) co_return std::move(instance).error();
  co_return JsonResponse(200, control::Serialise(ClientViewOf(hub, **instance)));
}

Task<Result<http::Response>> DisconnectClient(HubContext& hub, ApiCall call) {
  auto instance = FindOwn(hub, call);
  if (!instance) co_return std::move(instance).error();
  if (!(*instance)->is_live()) co_return Conflict("the instance is not connected");
  (*instance)->link->Disconnect();
  co_return NoContent();
}

Task<Result<http::Response>> GetWebSocketInfo(HubContext& hub, ApiCall call) {
  auto instance = FindOwn(hub, call);
  if (!instance) co_return std::move(instance).error();
  // The page opens <ws_base>/ws and <ws_base>/shell: led back through the hub, never around it.
  const Origin& origin = hub.hosts.public_origin();
  const std::string_view scheme = origin.scheme == "https" ? "wss" : "ws";
  co_return JsonResponse(
      200, fmt::format("{{\"ws_base\":\"{}://{}/clients/{}/proxy\",\"is_local\":false}}\n", scheme,
                       call.request.head.authority, (*instance)->id()));
}

Task<Result<http::Response>> OpenClient(HubContext& hub, ApiCall call) {
  auto instance = FindOwn(hub, call);
  if (!instance) co_return std::move(instance).error();
  std::string next = "/";
  if (const auto wanted = http::QueryParameter(call.request.head.query(), "next");
      wanted && wanted->starts_with('/') && !wanted->starts_with("//")) {
    next = *wanted;
  }
  const std::string& id = (*instance)->id();
  std::string url;
  if (hub.hosts.has_subdomains() && IsInstanceLabel(id)) {
    const Secret ticket = hub.identity.tickets().Issue(call.session, id);
    url = fmt::format("{}/.berth/auth?next={}#{}", hub.hosts.InstanceOrigin(id),
                      http::EscapeQuery(next), ticket.Reveal());
  } else if (hub.path_mode) {
    url = fmt::format("{}/clients/{}/proxy{}", hub.hosts.OriginOf(call.request.head.authority), id,
                      next);
  } else {
    co_return Conflict("the id is no host name, and path mode is switched off");
  }
  boost::json::object body;
  body["url"] = url;
  co_return JsonResponse(200, boost::json::serialize(body));
}

}  // namespace berth::hub
