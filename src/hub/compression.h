// Which browsers get compressed responses, and who compresses them.
//
// The agent does, in the coding that the browser likes best, so that both hops carry little and the
// hub, which serves many agents, has nothing to do; what agents left as it was, the hub compresses.
// Between programs of one machine bytes cost less than the time to save them: an agent beside the
// hub compresses nothing for a browser beside the hub, and the hub nothing for such a browser.
//
// And nothing is compressed for a navigation that another site caused. Whoever may send a victim to
// a page again and again, with text of theirs in the address, and sees how long the answers are,
// learns what else the page says, letter by letter, if text and secret are compressed together
// (known as BREACH). Sub-requests of other sites never get so far (cross_site.h). What the hub's
// own pages lead to on the way to an instance counts as such, for a link to them says where they
// lead: of a navigation of the same origin, the Referer must name a page of the instance.
#pragma once

#include <optional>
#include <string_view>

#include "http/compression.h"
#include "http/message.h"
#include "hub/context.h"

namespace berth::hub {

struct Compression {
  /// What the agent may do; kIdentity: nothing.
  http::Coding at_agent = http::Coding::kIdentity;
  /// What http::Compressor needs to know; nothing: the hub passes responses as they are.
  std::optional<http::CompressionAsk> at_hub;
  /// The agent runs beside the hub: nothing is gained by sparing bytes between them.
  bool is_agent_near = false;
};

/// For a request of `peer` to an instance that appears at `prefix` ("" in subdomain mode) of the
/// address asked. `agent_address`: where the instance's agent dialled from.
Compression CompressionFor(const HubContext& hub, const http::RequestHead& head,
                           std::string_view prefix, const net::Peer& peer,
                           std::string_view agent_address);

}  // namespace berth::hub
