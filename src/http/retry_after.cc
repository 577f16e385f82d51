#include "http/retry_after.h"

#include <algorithm>

#include "base/number.h"
#include "http/date.h"

namespace berth::http {

std::optional<std::chrono::seconds> RetryAfterOf(const Fields& fields, WallTime now) {
  constexpr std::chrono::seconds kLongest = std::chrono::days(1);
  const auto value = fields.Find("retry-after");
  if (!value) return std::nullopt;
  if (const auto date = ParseHttpDate(*value)) {
    return std::clamp(std::chrono::ceil<std::chrono::seconds>(*date - now), {}, kLongest);
  }
  const auto seconds = ParseNumber<std::int64_t>(*value);
  if (!seconds || *seconds < 0) return std::nullopt;
  return std::min(std::chrono::seconds(*seconds), kLongest);
}

}  // namespace berth::http
