#include "control/hub_trouble.h"

#include <fmt/format.h>

namespace berth::control {

Error HubNotReached(Error error, std::string_view url) {
  const bool is_refusal =
      error.kind == ErrorKind::kUnauthorized || error.kind == ErrorKind::kForbidden;
  if (error.kind == ErrorKind::kNotFound) {
    error.message += "; check the name in --hub and this machine's network";
    error.kind = ErrorKind::kUnavailable;
  } else if (error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kTimeout) {
    error.message += "; check --hub, and that the hub runs";
  }
  if (is_refusal) error.kind = ErrorKind::kUnavailable;
  return Wrap(std::move(error), fmt::format("cannot reach {}", url));
}

Error NoHubAt(std::string_view url) {
  return Invalid(fmt::format("{} does not answer as a berth hub does; check --hub", url));
}

}  // namespace berth::control
