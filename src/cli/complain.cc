#include <fmt/format.h>

#include <cstdio>

#include "cli/command.h"

namespace berth::cli {

int Complain(std::string_view name, const Error& error, int status) {
  fmt::print(stderr, "berth {}: {}\n", name, error.message);
  return status;
}

}  // namespace berth::cli
