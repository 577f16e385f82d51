#include "control/problem_detail.h"

#include <boost/json.hpp>

#include "http/media_type.h"

namespace berth::control {
namespace {

constexpr std::size_t kMaxProblem = 64 * 1024;

}  // namespace

Task<std::optional<std::string>> ReadProblemDetail(http::Response& response) {
  if (!http::HasMediaType(response.head.fields, "application/problem+json")) co_return std::nullopt;
  auto text = co_await http::ReadAll(response.body.get(), kMaxProblem);
  if (!text) co_return std::string();
  boost::system::error_code error;
  const auto value = boost::json::parse(*text, error, {}, {.max_depth = 8});
  if (error || !value.is_object()) co_return std::string();
  const auto* detail = value.get_object().if_contains("detail");
  if (detail == nullptr || !detail->is_string()) co_return std::string();
  co_return std::string(detail->get_string());
}

}  // namespace berth::control
