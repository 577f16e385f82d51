#include "base/json.h"

#include <boost/json/parse.hpp>
#include <cmath>

#include "base/json_scan.h"

namespace berth {

Result<boost::json::value> ParseJson(std::string_view text, std::size_t max_depth) {
  if (CountJson(text).widest > kMostJsonMembers) {
    return TooLarge(fmt::format("a JSON object has more than {} members", kMostJsonMembers));
  }
  boost::system::error_code failure;
  boost::json::value value = boost::json::parse(text, failure, {}, {.max_depth = max_depth});
  if (failure) return Invalid("the text is not valid JSON");
  return value;
}

Result<boost::json::object> ParseJsonObject(std::string_view text, std::size_t max_depth) {
  auto value = ParseJson(text, max_depth);
  if (!value) return std::move(value).error();
  if (!value->is_object()) return Invalid("the text is not a JSON object");
  return std::move(value->get_object());
}

std::string_view StringMember(const boost::json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_string()) return {};
  return member->get_string();
}

std::optional<std::int64_t> IntegerMember(const boost::json::object& object,
                                          std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr) return std::nullopt;
  if (const auto* number = member->if_int64()) return *number;
  constexpr double kExact = 9'007'199'254'740'992.0;  // 2^53
  if (const auto* number = member->if_double();
      number != nullptr && std::abs(*number) <= kExact && *number == std::floor(*number)) {
    return static_cast<std::int64_t>(*number);
  }
  return std::nullopt;
}

const boost::json::object* ObjectMember(const boost::json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  return member == nullptr ? nullptr : member->if_object();
}

const boost::json::array* ArrayMember(const boost::json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  return member == nullptr ? nullptr : member->if_array();
}

}  // namespace berth
