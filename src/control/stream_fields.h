// What hub and agent say to each other in the head of a stream, beside the assertion
// (assertion.h) and what they hold of assets (http/shared_asset.h). No field of these
// reaches an instance or a browser.
#pragma once

#include <string_view>

namespace berth::control {

/// In a request: the content coding ("zstd", "br", "gzip") in which the agent may send the response
/// if it may be compressed at all. Absent: none.
inline constexpr std::string_view kCompressField = "x-berth-compress";

/// In a response: that the agent itself answers, and why, in a word (stream_error). Absent: the
/// instance answers.
inline constexpr std::string_view kErrorField = "x-berth-error";

/// What kErrorField says. An agent may say other words; a hub takes those by the status.
namespace stream_error {
// The agent lets it not through: 403.
inline constexpr std::string_view kNotAsserted = "not-asserted";  ///< It does not believe the hub.
inline constexpr std::string_view kNotInTime = "not-in-time";     ///< The clocks differ.
inline constexpr std::string_view kNotAllowed = "not-allowed";    ///< They are not on its list.
inline constexpr std::string_view kReadOnly = "read-only";        ///< A viewer only looks.
inline constexpr std::string_view kNotByPage = "not-by-page";     ///< No script of its page asks.
// The instance gives no answer: 502 or 504.
inline constexpr std::string_view kUnavailable = "instance-unavailable";  ///< Nothing is there.
inline constexpr std::string_view kTimeout = "instance-timeout";          ///< It took the request.
inline constexpr std::string_view kInvalid = "instance-invalid";          ///< It is not valid HTTP.
inline constexpr std::string_view kForeign = "instance-foreign";  ///< Another user is in its place.
inline constexpr std::string_view kAgentFailed = "agent-failed";  ///< It could not even ask.
inline constexpr std::string_view kFailed = "instance-failed";    ///< In version 1: it said so.
// The request is for no instance: 400 or 404, and that says all.
inline constexpr std::string_view kBadRequest = "bad-request";  ///< Its target cannot be sent.
inline constexpr std::string_view kReserved = "reserved";       ///< The path is of ours.
}  // namespace stream_error

}  // namespace berth::control
