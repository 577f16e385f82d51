// Which browsers get compressed responses.
//
// A browser on the hub's own machine gets none: there, bytes cost less than the time to save them.
// And nothing is compressed for a navigation that another site caused. Whoever may send a victim to
// a page again and again, with text of theirs in the address, and sees how long the answers are,
// learns what else the page says, letter by letter, if text and secret are compressed together
// (known as BREACH). Sub-requests of other sites never get so far (cross_site.h).
#pragma once

#include <optional>

#include "http/compression.h"
#include "http/message.h"
#include "hub/context.h"

namespace berth::hub {

/// What http::Compressor needs to know of the request; nothing: responses pass as they are.
std::optional<http::CompressionAsk> CompressionFor(const HubContext& hub,
                                                   const http::RequestHead& head,
                                                   const net::Peer& peer);

}  // namespace berth::hub
