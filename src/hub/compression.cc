#include "hub/compression.h"

#include <string>

#include "http/reserved_path.h"
#include "hub/cross_site.h"
#include "hub/proxy_path.h"
#include "net/address.h"

namespace berth::hub {
namespace {

/// The peer runs beside the hub. Whoever comes through a proxy beside it asks for the hub's public
/// name.
bool IsOnThisMachine(const HubContext& hub, std::string_view address) {
  return net::IsLoopbackHost(address) && net::IsLoopbackHost(hub.hosts.public_origin().host);
}

/// Whether a page below the instance's own address leads there. The hub's pages on the way to an
/// instance (/open, /.berth/auth) do not count: they go on to whatever a link to them names.
bool IsLedByOwnPage(const HubContext& hub, const http::RequestHead& head, std::string_view prefix) {
  const auto referer = head.fields.Find("referer");
  if (!referer) return false;
  const auto path = PathOfUrl(*referer, hub.hosts.OriginOf(head.authority) + std::string(prefix));
  return path && !http::IsReservedPath(path->substr(0, path->find('?')));
}

/// Browsers without Fetch Metadata are either old or asked over plain HTTP, where whoever sees
/// lengths sees the text itself.
bool IsCausedByOtherSite(const HubContext& hub, const http::RequestHead& head,
                         std::string_view prefix) {
  const auto site = head.fields.Find("sec-fetch-site");
  if (!site || *site == "none") return false;
  if (*site != "same-origin") return true;
  return IsNavigation(head) && !IsLedByOwnPage(hub, head, prefix);
}

}  // namespace

Compression CompressionFor(const HubContext& hub, const http::RequestHead& head,
                           std::string_view prefix, const net::Peer& peer,
                           std::string_view agent_address) {
  Compression compression;
  const bool may_be_near = hub.compress != CompressMode::kOn;
  compression.is_agent_near = may_be_near && IsOnThisMachine(hub, agent_address);
  const bool is_browser_near = may_be_near && IsOnThisMachine(hub, peer.address);
  if (hub.compress == CompressMode::kOff || head.is_upgrade()) return compression;
  if (is_browser_near && compression.is_agent_near) return compression;
  auto ask = http::CompressionAsk::Of(head);
  if (IsCausedByOtherSite(hub, head, prefix)) ask.coding = http::Coding::kIdentity;
  if (!ask.is_range) compression.at_agent = ask.coding;
  if (!is_browser_near) compression.at_hub = ask;
  return compression;
}

}  // namespace berth::hub
