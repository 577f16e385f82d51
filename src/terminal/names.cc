#include "terminal/names.h"

#include <fmt/format.h>

#include "base/text.h"
#include "terminal/text.h"

namespace berth::terminal {
namespace {

/// All that `name` means equally well.
std::vector<const control::Client*> Called(const std::vector<control::Client>& clients,
                                           std::string_view name) {
  std::vector<const control::Client*> called;
  for (const bool is_own : {true, false}) {
    for (const auto word : {&control::Client::id, &control::Client::label}) {
      for (const auto& client : clients) {
        const bool is_one = client.*word == name && (client.role == "owner") == is_own;
        if (is_one) called.push_back(&client);
      }
      if (!called.empty()) return called;
    }
  }
  return called;
}

}  // namespace

std::string NameOf(const control::Client& client) {
  if (client.label.empty()) return Plain(client.id);
  return Plain(fmt::format("{} ({})", client.label, client.id));
}

Result<control::Client> FindByName(const std::vector<control::Client>& clients,
                                   std::string_view name) {
  const auto called = Called(clients, name);
  if (called.size() == 1) return *called.front();
  if (called.size() > 1) {
    std::vector<std::string_view> ids;
    for (const auto* client : called) ids.push_back(client->id);
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
