#include "cli/client_answers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "terminal/words.h"

namespace berth::cli {
namespace {

constexpr std::size_t kMaxAnswer = 64 * 1024 * 1024;

Error NotUnderstood() {
  return Invalid("the hub's answer is not understood: this berth may be too old for it");
}

}  // namespace

Result<std::vector<control::Client>> ReadClients(std::string_view json) {
  auto message = control::Parse(json, control::Sender::kHubToBrowser, kMaxAnswer);
  if (!message) return NotUnderstood();
  auto* list = std::get_if<control::ClientList>(&*message);
  if (list == nullptr) return NotUnderstood();
  return std::move(list->clients);
}

Result<control::Client> ReadClient(std::string_view json) {
  // As the dashboard socket would say it.
  auto message = control::Parse(fmt::format("{{\"type\":\"client_update\",\"client\":{}}}", json),
                                control::Sender::kHubToBrowser, kMaxAnswer);
  if (!message) return NotUnderstood();
  auto* update = std::get_if<control::ClientUpdate>(&*message);
  if (update == nullptr) return NotUnderstood();
  return std::move(update->client);
}

bool ClientFilter::Fits(const control::Client& client) const {
  if (!states.empty() && std::ranges::find(states, client.metadata.state) == states.end()) {
    return false;
  }
  return std::ranges::all_of(labels, [&](const auto& label) {
    const auto found = client.metadata.labels.find(label.first);
    return found != client.metadata.labels.end() &&
           (!label.second || found->second == *label.second);
  });
}

Result<ClientFilter> MakeClientFilter(const std::vector<std::string>& states,
                                      const std::vector<std::string>& labels) {
  constexpr std::string_view kNames[] = {"needs_you", "error", "busy", "active", "idle", "offline"};
  ClientFilter filter;
  for (const std::string& text : states) {
    for (const std::string& name : SplitList(text)) {
      const auto state = terminal::ParseState(name);
      if (!state) {
        return Invalid(fmt::format("--state: \"{}\" is not one of {}{}", ForLog(name),
                                   fmt::join(kNames, ", "), DidYouMean(name, kNames)));
      }
      filter.states.push_back(*state);
    }
  }
  for (const std::string& text : labels) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      filter.labels.emplace_back(text, std::nullopt);
    } else {
      filter.labels.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return filter;
}

Result<std::string> FilterJson(std::string_view json, const ClientFilter& filter,
                               const std::vector<control::Client>& clients) {
  std::set<std::string_view> wanted;
  for (const auto& client : clients) {
    if (filter.Fits(client)) wanted.insert(client.id);
  }
  auto object = ParseJsonObject(json);
  if (!object) return NotUnderstood();
  auto* list = object->if_contains("clients");
  if (list == nullptr || !list->is_array()) return NotUnderstood();
  boost::json::array kept;
  for (auto& entry : list->get_array()) {
    const auto* client = entry.if_object();
    if (client != nullptr && wanted.contains(StringMember(*client, "id"))) {
      kept.push_back(std::move(entry));
    }
  }
  *list = std::move(kept);
  return boost::json::serialize(*object);
}

}  // namespace berth::cli
