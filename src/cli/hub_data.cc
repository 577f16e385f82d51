#include "cli/hub_data.h"

#include <fmt/format.h>

#include <cerrno>

namespace berth::cli {

Result<std::unique_ptr<store::Database>> HubData::Open(const Environment& environment,
                                                       Missing missing) {
  auto resolved = settings_.Resolve(environment, options_.limits);
  if (!resolved) return Invalid(std::move(resolved).error().message);
  auto finished = FinishHubOptions(options_, environment);
  if (!finished) return Invalid(std::move(finished).error().message);
  std::error_code error;
  const bool is_there = std::filesystem::exists(options_.data / store::kDatabaseFile, error);
  if (error) {
    const Error why =
        FromErrno(error.value(), fmt::format("cannot look into {}", options_.data.string()));
    if (error.value() != EACCES) return why;
    return Forbidden(
        fmt::format("{}; run this as the hub's user, e.g. sudo -u berth berth ...", why.message));
  }
  if (!is_there && missing == Missing::kCreate) {
    fmt::print(stderr, "no hub has run with the data folder {} yet: start it with that --data\n",
               options_.data.string());
  } else if (!is_there) {
    return NotFound(fmt::format("no hub has run with the data folder {} yet; is --data right?",
                                options_.data.string()));
  }
  return store::Database::Open(options_.data);
}

}  // namespace berth::cli
