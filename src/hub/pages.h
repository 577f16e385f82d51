// The hub's own pages and their assets, from the files embedded in the program.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace berth::hub {

/// The embedded file at this path, as an answer to GET or HEAD with validators; nothing if there is
/// none. Pages carry the security fields of the hub. `proof` (page_proof.h), unless it is empty, is
/// put into pages that have a place for it, which no cache then keeps.
std::optional<http::Response> PageAt(const http::RequestHead& head, std::string_view proof = "");

/// The sign-in page with the reason why a sign-in failed and who tried, which its script explains.
http::Response SignInPage(int status, std::string_view reason, std::string_view who);

/// The page at an instance's own address that trades a one-time code for a session there.
/// `opener`: the page of the hub that orders a code for this browser, to which this one goes before
/// it takes a code that nobody of this browser has asked for; "" if a page of the hub led here.
http::Response SignOnPage(std::string_view opener);

/// The script that stands in for an instance's service worker where there is no session: see
/// web/src/stand_in.ts.
http::Response StandInWorker();

/// The paths that exist on an instance's address as well: the sign-on page and the assets.
bool IsSharedPath(std::string_view path);

}  // namespace berth::hub
