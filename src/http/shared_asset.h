// Which responses a hub may keep to spare its agents sending them again, and how the two tell each
// other what is there.
//
// Hub and agent must agree on one thing only: the bytes of a body. The hub names what it holds by a
// *hint*, the beginning of SHA-256 of the SHA-256 of the bytes; an agent whose instance just gave
// these bytes answers with their SHA-256, the *digest*, in their place. Whoever knows only a hint
// cannot make the digest: an agent gets nothing out of a hub that its instance has not given it.
#pragma once

#include <string>
#include <string_view>

#include "base/hash.h"
#include "http/message.h"

namespace berth::http {

/// In a request of the hub: hints of what it holds, separated by commas. Absent: nothing that could
/// be the response's body.
inline constexpr std::string_view kHeldField = "x-berth-have";

/// In a response without a body: the digest of the body that the hub holds.
inline constexpr std::string_view kDigestField = "x-berth-digest";

/// Whether the response to this request, as a browser sent it, may be kept: a GET of the whole,
/// with no credentials of its own and no query. Cookies do not count: the instance sees them and is
/// asked each time.
bool MayAskForSharedAsset(const RequestHead& request);
/// Whether this response to such a request may be kept: 200, `immutable`, neither private nor
/// forbidden to store, without cookies, depending on Accept-Encoding and the kind of script at
/// most.
bool IsSharedAsset(const ResponseHead& response);

/// The digest of a body's bytes as it travels: 64 hexadecimal digits.
std::string AssetDigest(std::string_view bytes);
/// The hint for a digest: 32 hexadecimal digits.
std::string AssetHint(std::string_view digest);

}  // namespace berth::http
