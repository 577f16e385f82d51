// The description of the HTTP API that GET /api/openapi.json answers: openapi.json, beside this
// file. openapi_test.cc holds it and the table of routes (api.h) together.
#pragma once

#include <string_view>

namespace berth::hub {

/// An OpenAPI 3.1 document, as JSON.
std::string_view ApiDescription();

}  // namespace berth::hub
