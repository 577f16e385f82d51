// Reading JSON that somebody else wrote, without trust in any of its types: a member of another
// kind reads as one that is absent. Where it must be told which member is wrong, see
// control/message_fields.h and hub/json_body.h.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace berth {

/// Most members of one object that is parsed here (why: base/json_scan.h).
inline constexpr std::size_t kMostJsonMembers = 1024;

/// kInvalid: not JSON, or deeper than `max_depth`; kTooLarge: an object of more than
/// kMostJsonMembers.
Result<boost::json::value> ParseJson(std::string_view text, std::size_t max_depth = 32);
/// The same for an object.
Result<boost::json::object> ParseJsonObject(std::string_view text, std::size_t max_depth = 32);

/// Else "". Valid as long as the member is.
std::string_view StringMember(const boost::json::object& object, std::string_view name);
/// A whole number, also if it is written as 5.0 or 5e3: then 2^53 at most. Else nothing.
std::optional<std::int64_t> IntegerMember(const boost::json::object& object, std::string_view name);
/// Else null.
const boost::json::object* ObjectMember(const boost::json::object& object, std::string_view name);
const boost::json::array* ArrayMember(const boost::json::object& object, std::string_view name);

}  // namespace berth
