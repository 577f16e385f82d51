#include "control/problem_detail.h"

#include <boost/json.hpp>

namespace berth::control {
namespace {

constexpr std::size_t kMaxProblem = 64 * 1024;

bool IsProblem(const http::ResponseHead& head) {
  const std::string_view type = head.fields.Find("content-type").value_or("");
  return http::EqualsIgnoreCase(http::TrimOws(type.substr(0, type.find(';'))),
                                "application/problem+json");
}

}  // namespace

Task<std::optional<std::string>> ReadProblemDetail(http::Response& response) {
  if (!IsProblem(response.head)) co_return std::nullopt;
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
