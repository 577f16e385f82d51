// Header fields that hold references: redirects, links, cookies' paths.
//
// An instance knows itself by another name than its user's browser does, so in both modes absolute
// URLs of the instance's own origin are led back.
//
// In path mode every response gets this, whatever its status and type: Location, Content-Location,
// Refresh, Link, SourceMap and the report-uri of policies are led into the prefix (absolute URLs of
// the instance's own origin too), Set-Cookie's Path lies under it, and Access-Control-* is removed,
// because behind the hub the page and the instance share one origin and nobody else is meant to
// read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/fields.h"
#include "rewrite/page_setup.h"
#include "rewrite/url.h"

namespace berth::rewrite {

struct Addresses {
  std::string prefix;                           ///< REQUIRES: IsUsablePrefix.
  Authorities own_authorities;                  ///< These mean the instance itself, and so do
  std::vector<std::string> public_authorities;  ///< those where browsers see it.
};

/// A URL as of a Location field. Root-relative, or absolute at one of the own authorities: as a
/// path under the prefix. Others stay.
std::string FixUrl(std::string_view url, const Addresses& addresses);

/// A Link value with every <reference> as `fix` has it.
std::string FixLink(std::string_view link, const UrlFix& fix);

/// A Set-Cookie value with its Path under the prefix; a missing or relative Path stays as it is.
std::string FixCookiePath(std::string_view set_cookie, std::string_view prefix);

/// What remains to do where nothing is prefixed (subdomain mode): in Location, Content-Location,
/// Refresh and Link, URLs at one of the own authorities become root-relative. Ignores
/// `addresses.prefix`.
void LeadBack(http::Fields& fields, const Addresses& addresses);

/// Applies all of the above but LeadBack to a response's fields, interim responses' included.
void RewriteFields(http::Fields& fields, const Addresses& addresses);

}  // namespace berth::rewrite
