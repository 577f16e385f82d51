#include "hub/compression.h"

#include "net/address.h"

namespace berth::hub {
namespace {

/// The browser runs beside the hub. A proxy beside the hub asks for the hub's public name.
bool IsOnThisMachine(const HubContext& hub, const net::Peer& peer) {
  return net::IsLoopbackHost(peer.address) && net::IsLoopbackHost(hub.hosts.public_origin().host);
}

/// Browsers without Fetch Metadata are either old or asked over plain HTTP, where whoever sees
/// lengths sees the text itself.
bool IsCausedByOtherSite(const http::RequestHead& head) {
  const auto site = head.fields.Find("sec-fetch-site");
  return site && *site != "same-origin" && *site != "none";
}

}  // namespace

std::optional<http::CompressionAsk> CompressionFor(const HubContext& hub,
                                                   const http::RequestHead& head,
                                                   const net::Peer& peer) {
  if (hub.compress == CompressMode::kOff || head.is_upgrade()) return std::nullopt;
  if (hub.compress == CompressMode::kAuto && IsOnThisMachine(hub, peer)) return std::nullopt;
  auto ask = http::CompressionAsk::Of(head);
  if (IsCausedByOtherSite(head)) ask.coding = http::Coding::kIdentity;
  return ask;
}

}  // namespace berth::hub
