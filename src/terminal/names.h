// What an instance is called: by its owner, and by its id.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/message.h"

namespace berth::terminal {

/// "laptop", or "Anna's laptop (laptop)" if its owner gave it a name. Plain.
std::string NameOf(const control::Client& client);

/// The instance that goes by `name`: one's own before those of others, whatever they call theirs;
/// among these the one of that id, else the only one of that name. kNotFound, kConflict: the
/// message says which may have been meant.
Result<control::Client> FindByName(const std::vector<control::Client>& clients,
                                   std::string_view name);

}  // namespace berth::terminal
