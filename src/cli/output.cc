#include "cli/output.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "cli/command.h"
#include "terminal/text.h"

namespace berth::cli {
namespace {

int output_error = 0;  ///< The first errno.
bool is_forgiven = false;

}  // namespace

void WriteOutput(std::string_view text) {
  if (output_error != 0) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) output_error = errno;
}

void SayJson(std::string_view json) { Say("{}\n", terminal::PlainJson(json)); }

void WriteAside(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

int FlushOutput() {
  if (output_error == 0 && std::fflush(stdout) != 0) output_error = errno;
  return output_error;
}

void ForgiveOutput() { is_forgiven = true; }

int FinishOutput(int status) {
  const int error = FlushOutput();
  if (error == 0 || is_forgiven) return status;
  Warn("berth: cannot write the output: {}\n", std::generic_category().message(error));
  return kFailed;
}

}  // namespace berth::cli
