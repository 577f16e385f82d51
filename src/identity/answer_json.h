// Reading what a provider answers in JSON: bounded, and without trust in any type.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::identity {

/// kInvalid: not JSON, or deeper than 32.
Result<boost::json::value> ParseJson(std::string_view text);
/// The same for an object.
Result<boost::json::object> ParseJsonObject(std::string_view text);

/// The member if it is a string; else "".
std::string StringMember(const boost::json::object& object, std::string_view name);
/// The member if it is a whole number (2^53 at most, also as "1.0"-less double); else nothing.
std::optional<std::int64_t> IntegerMember(const boost::json::object& object, std::string_view name);
/// The member if it is an object; else null.
const boost::json::object* ObjectMember(const boost::json::object& object, std::string_view name);

/// Whether a name of a group or a person can be kept: 1 to 256 bytes, no control characters.
bool IsKeepableName(std::string_view name);

}  // namespace berth::identity
