#include "agent/problem.h"

#include "control/stream_fields.h"
#include "http/problem.h"

namespace berth::agent {

http::Response ProblemResponse(int status, std::string_view error, std::string_view title,
                               std::string_view detail) {
  auto response = http::ProblemDetails(status, title, detail);
  response.head.fields.Set(control::kErrorField, error);
  return response;
}

}  // namespace berth::agent
