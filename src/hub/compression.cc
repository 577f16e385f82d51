#include "hub/compression.h"

#include "net/address.h"

namespace berth::hub {
namespace {

/// The peer runs beside the hub. Whoever comes through a proxy beside it asks for the hub's public
/// name.
bool IsOnThisMachine(const HubContext& hub, std::string_view address) {
  return net::IsLoopbackHost(address) && net::IsLoopbackHost(hub.hosts.public_origin().host);
}

/// Browsers without Fetch Metadata are either old or asked over plain HTTP, where whoever sees
/// lengths sees the text itself.
bool IsCausedByOtherSite(const http::RequestHead& head) {
  const auto site = head.fields.Find("sec-fetch-site");
  return site && *site != "same-origin" && *site != "none";
}

}  // namespace

Compression CompressionFor(const HubContext& hub, const http::RequestHead& head,
                           const net::Peer& peer, std::string_view agent_address) {
  Compression compression;
  const bool may_be_near = hub.compress != CompressMode::kOn;
  compression.is_agent_near = may_be_near && IsOnThisMachine(hub, agent_address);
  const bool is_browser_near = may_be_near && IsOnThisMachine(hub, peer.address);
  if (hub.compress == CompressMode::kOff || head.is_upgrade()) return compression;
  if (is_browser_near && compression.is_agent_near) return compression;
  auto ask = http::CompressionAsk::Of(head);
  if (IsCausedByOtherSite(head)) ask.coding = http::Coding::kIdentity;
  if (!ask.is_range) compression.at_agent = ask.coding;
  if (!is_browser_near) compression.at_hub = ask;
  return compression;
}

}  // namespace berth::hub
