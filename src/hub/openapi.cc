#include "hub/openapi.h"

#include "embedded/OpenApi.h"
#include "hub/api.h"
#include "hub/browser.h"

namespace berth::hub {

std::string_view ApiDescription() { return embedded::OpenApi(); }

Task<Result<http::Response>> GetApiDescription(HubContext&, ApiCall) {
  co_return JsonResponse(200, std::string(ApiDescription()));
}

}  // namespace berth::hub
