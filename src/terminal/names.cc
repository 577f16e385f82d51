#include "terminal/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "terminal/text.h"

namespace berth::terminal {

std::string NameOf(const control::Client& client) {
  if (client.label.empty()) return Plain(client.id);
  return Plain(fmt::format("{} ({})", client.label, client.id));
}

Result<control::Client> FindByName(const std::vector<control::Client>& clients,
                                   std::string_view name) {
  const auto found = std::ranges::find(clients, name, &control::Client::id);
  if (found != clients.end()) return *found;
  std::vector<control::Client> called;
  std::ranges::copy_if(clients, std::back_inserter(called),
                       [&](const auto& client) { return client.label == name; });
  if (called.size() == 1) return called.front();
  if (called.size() > 1) {
    std::vector<std::string_view> ids;
    for (const auto& client : called) ids.push_back(client.id);
    return Conflict(fmt::format("several instances are called \"{}\"; use one of their ids: {}",
                                Plain(name), fmt::join(ids, ", ")));
  }
  std::vector<std::string_view> names;
  for (const auto& client : clients) {
    names.push_back(client.id);
    if (!client.label.empty()) names.push_back(client.label);
  }
  return NotFound(Plain(fmt::format("there is no instance \"{}\"{}; `berth ls` shows them", name,
                                    DidYouMean(name, names))));
}

}  // namespace berth::terminal
