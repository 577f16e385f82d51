#include "cli/command.h"
#include "cli/output.h"

namespace berth::cli {

int Complain(std::string_view name, const Error& error, int status) {
  Warn("berth {}: {}\n", name, error.message);
  return status;
}

}  // namespace berth::cli
