#include "cli/hub_data.h"

#include <fmt/format.h>

#include "cli/command.h"

namespace berth::cli {

Result<std::unique_ptr<store::Database>> HubData::Open(const Environment& environment,
                                                       Missing missing) {
  auto resolved = settings_.Resolve(environment, options_.limits);
  if (!resolved) return std::move(resolved).error();
  auto finished = FinishHubOptions(options_, environment);
  if (!finished) return std::move(finished).error();
  std::error_code error;
  const auto file = options_.data / store::kDatabaseFile;
  if (missing == Missing::kRefuse && !std::filesystem::exists(file, error)) {
    return NotFound(fmt::format("no hub has run with the data folder {} yet; is --data right?",
                                options_.data.string()));
  }
  return store::Database::Open(options_.data);
}

int StatusOf(const Error& error) { return error.kind == ErrorKind::kInvalid ? kMisused : kFailed; }

}  // namespace berth::cli
