#include "http/problem.h"

#include <boost/json.hpp>

namespace berth::http {

void NeverKept(Fields& fields) {
  fields.Set("cache-control", "no-store");
  fields.Set("vary", "*");
}

Response ProblemDetails(int status, std::string_view title, std::string_view detail) {
  const boost::json::object body{
      {"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}};
  auto response =
      TextResponse(status, "application/problem+json", boost::json::serialize(body) + "\n");
  NeverKept(response.head.fields);
  return response;
}

}  // namespace berth::http
