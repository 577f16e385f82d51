#include "identity/session_cookie.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/cookie.h"
#include "identity/credential.h"

namespace berth::identity {
namespace {

std::string_view Attributes(Scheme scheme) {
  return scheme == Scheme::kHttps ? "; Path=/; HttpOnly; SameSite=Lax; Secure"
                                  : "; Path=/; HttpOnly; SameSite=Lax";
}

}  // namespace

std::string_view CookieName(CookieKind kind, Scheme scheme) {
  const bool is_https = scheme == Scheme::kHttps;
  switch (kind) {
    case CookieKind::kHub:
      return is_https ? "__Host-berth_session" : "berth_session";
    case CookieKind::kInstance:
      return is_https ? "__Host-berth_instance" : "berth_instance";
    case CookieKind::kOwner:
      return is_https ? "__Host-berth_owner" : "berth_owner";
    case CookieKind::kSignIn:
      break;
  }
  return is_https ? "__Host-berth_sign_in" : "berth_sign_in";
}

std::string SetCookie(CookieKind kind, Scheme scheme, const Secret& value, WallTime now,
                      WallTime expires_at) {
  const auto age = std::chrono::ceil<std::chrono::seconds>(expires_at - now).count();
  return fmt::format("{}={}; Max-Age={}{}", CookieName(kind, scheme), value.Reveal(),
                     std::max<std::int64_t>(age, 0), Attributes(scheme));
}

std::string ClearCookie(CookieKind kind, Scheme scheme) {
  return fmt::format("{}=; Max-Age=0{}", CookieName(kind, scheme), Attributes(scheme));
}

std::optional<std::string_view> PresentedCookie(const http::Fields& fields, CookieKind kind,
                                                Scheme scheme) {
  const auto value = http::FindCookie(fields, CookieName(kind, scheme));
  if (!value || !IsCompact(*value)) return std::nullopt;
  return value;
}

}  // namespace berth::identity
