// SplitUrl: takes a URL apart, once for all who are given one; each then keeps its own rules.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/address.h"

namespace berth::net {

/// An absolute URL (RFC 3986) of something that can be dialled, in its parts.
struct Url {
  std::string scheme;     ///< In lower case.
  std::string authority;  ///< Host and :port as written: what Host says.
  HostPort place;         ///< The port is the scheme's own if none is written.
  std::string target;     ///< Path, query and fragment as written; "", or from '/', '?' or '#' on.
};

/// The port of "https" and "wss", 443, or of all others, 80.
std::uint16_t DefaultPort(std::string_view scheme);

/// Parses SCHEME://HOST[:PORT][PATH][?QUERY][#FRAGMENT], of any scheme. An IPv6 host is in brackets
/// and has none in `place`. kInvalid: anything else, a user or a password, port 0, and bytes that
/// no URL has (blanks, controls, backslashes, beyond ASCII); the message quotes the text, but
/// for a password.
Result<Url> SplitUrl(std::string_view text);

}  // namespace berth::net
