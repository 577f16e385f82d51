#include "agent/problem.h"

#include <boost/json.hpp>

#include "control/stream_fields.h"

namespace berth::agent {

http::Response ProblemResponse(int status, std::string_view error, std::string_view title,
                               std::string_view detail) {
  http::Response response = http::TextResponse(
      status, "application/problem+json",
      boost::json::serialize(boost::json::object{
          {"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}}));
  response.head.fields.Set("cache-control", "no-store");
  response.head.fields.Set("vary", "*");
  response.head.fields.Set(control::kErrorField, error);
  return response;
}

}  // namespace berth::agent
