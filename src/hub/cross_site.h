// Which requests a page of another origin may cause (security: "Cross-site").
//
// SameSite cookies do not separate sibling subdomains; Origin and Fetch Metadata do. The same
// checks hold for the hub and for instances, because the agent turns an instance's bearer-token API
// into a cookie API.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace berth::hub {

/// How the request proved who sends it.
enum class Proof { kCookie, kBearer };

/// For non-safe methods and every upgrade: accepts Sec-Fetch-Site: same-origin, else an Origin
/// equal to `expected_origin`; neither present is fine with a bearer token only. kForbidden
/// otherwise.
Result<void> CheckSameOrigin(const http::RequestHead& head, std::string_view expected_origin,
                             Proof proof);

/// For safe requests with a cookie to an instance: refuses what another origin embeds (images,
/// scripts, frames, fetches); top-level navigations pass. kForbidden.
Result<void> CheckNotEmbedded(const http::RequestHead& head);

/// Whether a page of another origin opens this one as a page of its own, by a link or by script.
/// Redirects in between do not hide it. Nor does a service worker that passes the navigation on:
/// of those the browser does not say whether they are for a frame (KeepFromFrames).
bool IsLedByAnotherOrigin(const http::RequestHead& head);

/// Whether a GET that changes something was asked for by a page of `expected_origin` or by the
/// browser's user: Sec-Fetch-Site says same-origin or none, and nothing says that the browser does
/// not show the answer as a page of its own, or not yet; without it Origin, else Referer, is of
/// that origin. A request that says nothing of all that is nobody's.
bool IsAskedByOwnPage(const http::RequestHead& head, std::string_view expected_origin);

/// Whether a page of another origin of this site (the hub, or another instance) opens this one as a
/// page of its own.
bool IsOpenedBySibling(const http::RequestHead& head);

/// Cuts what ties a page to its opener, which could send it messages or lead it away, in the answer
/// to an instance's address: where a sibling opens it (`by_sibling`, as above). Pages that other
/// sites open keep it, because sign-in by a popup needs it; a policy of the instance's own stands.
/// Whoever opens it, the answer to a navigation (`is_page`) and all HTML say that they depend on
/// it: the browser's cache would give a sibling the page that somebody else opened.
void CutOpener(http::Fields& answer, bool by_sibling, bool is_page);

/// Keeps an instance's page from frames of other origins: the answer to a navigation (`is_page`),
/// and all HTML. Most are refused before (CheckNotEmbedded), but not those whose navigation a
/// service worker passes on, nor pages that the browser has kept.
void KeepFromFrames(http::Fields& answer, bool is_page);

/// Whether a browser sends this. Every one shows it by one of the two, and no page can keep it from
/// doing so: by Fetch Metadata on trustworthy origins, but not yet with every WebSocket; by a
/// WebSocket's User-Agent always.
bool IsBrowser(const http::RequestHead& head);

/// A safe method (http::IsSafeMethod), and no upgrade.
bool IsSafe(const http::RequestHead& head);

/// A browser shows the answer as a page, be it that a service worker passes the navigation on
/// (Sec-Fetch-Dest: empty): only these are redirected to sign-in.
bool IsNavigation(const http::RequestHead& head);

}  // namespace berth::hub
