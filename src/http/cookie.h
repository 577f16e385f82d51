// Cookies, as far as a proxy needs them (RFC 6265): find one by name, take our own out of a Cookie
// field and leave every other byte as it was, and edit attributes of Set-Cookie.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/fields.h"

namespace berth::http {

/// The value of the cookie `name` over all Cookie fields. Nothing if it is absent or there twice
/// with different values: a second one can only have been planted.
std::optional<std::string_view> FindCookie(const Fields& fields, std::string_view name);

/// Removes the cookies of exactly these names from all Cookie fields; the others stay
/// byte-identical and in order. A Cookie field that becomes empty is removed.
void RemoveCookies(Fields& fields, const std::vector<std::string_view>& names);

/// Begins the names of cookies with `to` that begin with `from`; the others, and all values, stay
/// byte-identical and in order.
void RenameCookies(Fields& fields, std::string_view from, std::string_view to);

/// The name under which a browser will send the cookie of a Set-Cookie value, without surrounding
/// spaces: of "=a=b", which has an empty name, that is "a".
std::string_view SetCookieName(std::string_view set_cookie);

/// A Set-Cookie value without the attributes of that (lower-case) name.
std::string WithoutCookieAttribute(std::string_view set_cookie, std::string_view attribute);

/// The value of a Set-Cookie attribute, if it is there.
std::optional<std::string_view> CookieAttribute(std::string_view set_cookie,
                                                std::string_view attribute);

}  // namespace berth::http
