// The cookies that carry sessions, and the one beside them: their names, and the Set-Cookie lines
// that make and clear them.
//
// Under TLS the names start with __Host-, so that no other host and no page without TLS can set
// them. Without TLS browsers refuse that prefix, and Secure with it: that is for loopback, and the
// hub warns at its start where it is anything else. Each kind has a name of its own, so that none
// is ever taken for another.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/wall_clock.h"
#include "http/fields.h"

namespace berth::identity {

enum class CookieKind {
  kHub,       ///< On the hub's origin: Sessions::Authenticate.
  kInstance,  ///< On an instance's own origin: Sessions::AuthenticateChild.
  kSignIn,    ///< On the hub's origin, for minutes: the browser that began a sign-in.
  kOwner,     ///< On an instance's own origin, for long: whose instance the browser saw there last.
};

/// How the browser reaches the hub.
enum class Scheme { kHttp, kHttps };

std::string_view CookieName(CookieKind kind, Scheme scheme);

/// Every name above: no request to an instance may carry one, no response of one may set one.
inline constexpr std::array<std::string_view, 8> kReservedCookieNames = {
    "__Host-berth_session", "__Host-berth_instance", "__Host-berth_sign_in", "__Host-berth_owner",
    "berth_session",        "berth_instance",        "berth_sign_in",        "berth_owner"};

/// The value of a Set-Cookie field: HttpOnly, SameSite=Lax, Path=/, no Domain, Secure under TLS;
/// the browser forgets it at `expires_at`.
std::string SetCookie(CookieKind kind, Scheme scheme, const Secret& value, WallTime now,
                      WallTime expires_at);

/// The value of a Set-Cookie field that removes it.
std::string ClearCookie(CookieKind kind, Scheme scheme);

/// The credential presented in the request's Cookie fields, if there is exactly one and it has the
/// form of ours. REQUIRES: not kOwner, which holds none.
std::optional<std::string_view> PresentedCookie(const http::Fields& fields, CookieKind kind,
                                                Scheme scheme);

}  // namespace berth::identity
