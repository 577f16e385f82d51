// The page proof: how the hub tells calls of its own pages from those of an instance's pages, which
// in path mode have the same origin, and with it the same cookie, Origin and Referer at will.
//
// It is in the HTML of the hub's pages, and only where a browser shows one as a document of its
// own: a script that fetches the page gets none, frames are forbidden, and a window that an
// instance's page opens is out of its reach (Cross-Origin-Opener-Policy; instance_proxy.cc removes
// theirs). The page sends it back with each call of the API and as a subprotocol of its socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "hub/context.h"
#include "identity/sessions.h"

namespace berth::hub {

/// The request field of API calls, in lower case.
inline constexpr std::string_view kPageProofField = "x-berth-page";

/// The proof that pages of this session get; "" where none is needed: without path mode.
std::string PageProofOf(const HubContext& hub, const identity::Session& session);

/// Whether a page may be given the proof in answer to this request: the browser says that it shows
/// the answer as a document.
bool IsShownAsDocument(const http::RequestHead& head);

/// Nothing, or the answer to a browser that calls with this session's cookie and without its proof,
/// for it may show a page of an instance. A page of the hub that is told so loads itself again
/// (x-berth-reload): another tab may have signed in anew. What is no browser needs no proof: pages
/// are who it keeps out. Nor is one asked for where browsers let a page have none: over plain HTTP
/// to other machines, path mode is not kept from the hub.
std::optional<http::Response> RefusalWithoutProof(const HubContext& hub,
                                                  const http::RequestHead& head,
                                                  const identity::Session& session);

/// The subprotocol among those that a socket offers which carries a proof, to be accepted; nothing
/// if there is none.
std::optional<std::string> PageProofProtocol(const http::RequestHead& head);

}  // namespace berth::hub
