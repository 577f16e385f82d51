#include "control/problem_detail.h"

#include "base/json.h"
#include "http/media_type.h"

namespace berth::control {
namespace {

constexpr std::size_t kMaxProblem = 64 * 1024;

}  // namespace

Task<std::optional<std::string>> ReadProblemDetail(http::Response& response) {
  if (!http::HasMediaType(response.head.fields, "application/problem+json")) co_return std::nullopt;
  auto text = co_await http::ReadAll(response.body.get(), kMaxProblem);
  if (!text) co_return std::string();
  const auto object = ParseJsonObject(*text);
  if (!object) co_return std::string();
  co_return std::string(StringMember(*object, "detail"));
}

}  // namespace berth::control
