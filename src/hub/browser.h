// What handlers need around a browser's request: who sends it, and the usual answers.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/wall_clock.h"
#include "http/message.h"
#include "hub/context.h"
#include "identity/people.h"
#include "identity/sessions.h"

namespace berth::hub {

/// Who that user is, or null: unknown, or no longer admitted to this hub.
identity::PersonPtr PersonOf(const HubContext& hub, std::int64_t user_id);

/// What follows "Bearer " in Authorization; nothing without.
std::optional<std::string_view> BearerOf(const http::RequestHead& head);

/// The hub's own session of this request, or null. Its user is admitted.
identity::SessionPtr SessionOf(HubContext& hub, const http::RequestHead& head,
                               identity::Use use = identity::Use::kCounts);

/// The session at the instance's own address, or null. Its user is admitted.
identity::SessionPtr InstanceSessionOf(HubContext& hub, const http::RequestHead& head,
                                       std::string_view instance_id,
                                       identity::Use use = identity::Use::kCounts);

/// A response with this JSON text that no cache keeps.
http::Response JsonResponse(int status, std::string json);

/// The time as JSON says it; null without one.
boost::json::value TimeOrNull(const std::optional<WallTime>& time);

/// 204 without a body.
http::Response NoContent();

/// A redirect that no cache keeps.
http::Response Redirect(int status, std::string_view location);

}  // namespace berth::hub
