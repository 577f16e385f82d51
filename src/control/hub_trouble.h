// What the commands that ask a hub say when there is none at its address.
#pragma once

#include <string_view>

#include "base/error.h"

namespace berth::control {

/// What went wrong on the way to the hub at `url`, with a way out where there is one. Never
/// kUnauthorized or kForbidden: a proxy's refusal says nothing about our token.
Error HubNotReached(Error error, std::string_view url);

/// kInvalid: something answered at `url`, and not as a hub would.
Error NoHubAt(std::string_view url);

}  // namespace berth::control
