#include "terminal/instance_book.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "terminal/words.h"

namespace berth::terminal {
namespace {

/// What of a session is news.
auto NewsOf(const control::SessionInfo& session) {
  return std::tuple(std::string_view(session.id), session.state,
                    session.question ? std::string_view(session.question->id) : "");
}

bool IsNews(const control::Client& before, const control::Client& now) {
  return before.metadata.state != now.metadata.state ||
         before.metadata.no_answer != now.metadata.no_answer ||
         !std::ranges::equal(before.metadata.sessions, now.metadata.sessions, {}, NewsOf, NewsOf);
}

}  // namespace

void InstanceBook::Put(const control::Client& client, std::vector<Change>& changes) {
  const auto [place, is_new] = clients_.try_emplace(client.id, client);
  if (is_new) {
    changes.push_back({.id = client.id, .now = client});
    return;
  }
  if (IsNews(place->second, client)) {
    changes.push_back({.id = client.id, .before = place->second.metadata.state, .now = client});
  }
  place->second = client;
}

void InstanceBook::Remove(const std::string& id, std::vector<Change>& changes) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  changes.push_back({.id = id, .before = found->second.metadata.state});
  clients_.erase(found);
}

void InstanceBook::RemoveUnlisted(std::vector<Change>& changes) {
  for (const std::string& id : std::exchange(unlisted_, {})) Remove(id, changes);
}

std::vector<Change> InstanceBook::Take(const control::Message& message) {
  std::vector<Change> changes;
  if (const auto* list = std::get_if<control::ClientList>(&message)) {
    unlisted_.clear();
    for (const auto& [id, client] : clients_) unlisted_.insert(id);
    for (const control::Client& client : list->clients) unlisted_.erase(client.id);
    if (!list->more) RemoveUnlisted(changes);
    std::vector<control::Client> sorted = list->clients;
    SortForPeople(sorted);
    for (const control::Client& client : sorted) Put(client, changes);
  } else if (const auto* update = std::get_if<control::ClientUpdate>(&message)) {
    unlisted_.erase(update->client.id);
    Put(update->client, changes);
  } else if (std::holds_alternative<control::ClientListEnd>(message)) {
    RemoveUnlisted(changes);
  } else if (const auto* removed = std::get_if<control::ClientRemoved>(&message)) {
    Remove(removed->client_id, changes);
  }
  return changes;
}

std::vector<control::Client> InstanceBook::Instances() const {
  std::vector<control::Client> list;
  for (const auto& [id, client] : clients_) list.push_back(client);
  SortForPeople(list);
  return list;
}

}  // namespace berth::terminal
