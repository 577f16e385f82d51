// Version 1's proxy messages: a whole exchange as one HttpProxyRequest and one HttpProxyResponse,
// to and from the types of http/. The hub encodes requests and decodes responses, the agent the
// other way round; what comes from a peer is checked as the HTTP/1.1 parser checks a head.
//
// Field values are bytes in HTTP and text in JSON. As in every peer that speaks version 1, each
// byte is one character (ISO 8859-1); a value with a character beyond that is taken as UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/message.h"
#include "http/message.h"

namespace berth::control {

/// Says that `body` is base64; never passed on.
inline constexpr std::string_view kEncodingField = "x-orch-encoding";

/// The message for a browser's request with this body. `head` is edited already (header_rules.h);
/// its X-Forwarded-Prefix becomes proxy_base. kInvalid: the body is not UTF-8 text, which is all
/// that version 1 can carry.
Result<HttpProxyRequest> EncodeRequest(const http::RequestHead& head, std::string request_id,
                                       std::optional<std::string> body);

/// The instance's answer to a request with that method. kInvalid: a status that is none (200 to
/// 599), broken fields or base64, an unknown encoding.
Result<http::Response> DecodeResponse(HttpProxyResponse message, std::string_view method);

/// The request in a message of a hub, as if it had come through a tunnel; proxy_base becomes
/// X-Forwarded-Prefix. `hub_scheme` and `hub_authority` are where browsers find the hub. kInvalid:
/// broken method, path, query, proxy_base or fields.
Result<http::Request> DecodeRequest(HttpProxyRequest message, std::string_view hub_scheme,
                                    std::string_view hub_authority);

/// The message for the instance's answer; a body that is not UTF-8 text becomes base64.
HttpProxyResponse EncodeResponse(const http::ResponseHead& head, std::string request_id,
                                 std::string body);

/// `text`, which Parse refused, with U+FFFD for each escape of half a character ("\ud83d"): so
/// JSON.stringify writes what a script cut in two, and the peers of version 1 read it. Nothing if
/// there is none.
std::optional<std::string> WithWholeCharacters(std::string_view text);

/// What can be made out of a message that Parse refused, even of one that is no JSON; "" for what
/// cannot.
struct Refused {
  std::string type{};
  std::string request_id{};
};
Refused PartsOfRefused(std::string_view text);

}  // namespace berth::control
