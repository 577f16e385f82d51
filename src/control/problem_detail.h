// What a hub says about a refusal, in problem details (RFC 9457).
#pragma once

#include <optional>
#include <string>

#include "http/message.h"

namespace berth::control {

/// Reads the body of an answer in application/problem+json: its "detail", "" if that cannot be read
/// (or is not within 64 KiB). Nothing: it is none, and the body is untouched. The text is the
/// peer's: bound it and make it harmless before anybody sees it. `response` must outlive the call.
Task<std::optional<std::string>> ReadProblemDetail(http::Response& response);

}  // namespace berth::control
