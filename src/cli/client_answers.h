// The hub's answers about instances, read: for `berth ls` and `berth status`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/message.h"

namespace berth::cli {

/// What GET /clients answers. kInvalid: it is not that.
Result<std::vector<control::Client>> ReadClients(std::string_view json);

/// What GET /clients/{id} answers. kInvalid: it is not that.
Result<control::Client> ReadClient(std::string_view json);

/// Which instances are wanted.
struct ClientFilter {
  std::vector<control::State> states = {};  ///< One of these; none: any.
  /// All of these; without a value the label need only be there.
  std::vector<std::pair<std::string, std::optional<std::string>>> labels = {};

  bool Fits(const control::Client& client) const;
};

/// From what the flags say. kInvalid: an unknown state.
Result<ClientFilter> MakeClientFilter(const std::vector<std::string>& states,
                                      const std::vector<std::string>& labels);

/// The same JSON with only the instances that fit, for people who read it with a program.
Result<std::string> FilterJson(std::string_view json, const ClientFilter& filter,
                               const std::vector<control::Client>& clients);

}  // namespace berth::cli
