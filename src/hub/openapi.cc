#include "hub/openapi.h"

#include "embedded/OpenApi.h"
#include "hub/api.h"
#include "hub/browser.h"

namespace berth::hub {

std::string_view ApiDescription() { return embedded::OpenApi(); }

Task<Result<http::Response>> GetApiDescription(HubContext&, ApiCall) {
  auto response = JsonResponse(200, "");
  response.body = std::make_unique<http::SharedBody>(ApiDescription());
  co_return response;
}

}  // namespace berth::hub
