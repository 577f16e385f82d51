// The agent's own answers, where the instance gives none or is not to be asked.
#pragma once

#include <string_view>

#include "http/message.h"

namespace berth::agent {

/// Problem details (RFC 9457) of the agent, never to be kept by a cache or a service worker.
/// `error` is for the hub: one of control::stream_error, or another word.
http::Response ProblemResponse(int status, std::string_view error, std::string_view title,
                               std::string_view detail);

}  // namespace berth::agent
