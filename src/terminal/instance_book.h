// InstanceBook: what the hub has said of its instances so far, and what each message changed of it
// that a person wants to know.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/message.h"

namespace berth::terminal {

/// One instance that is not what it was.
struct Change {
  std::string id;
  std::optional<control::State> before = {};  ///< Nothing: it is new.
  std::optional<control::Client> now = {};    ///< Nothing: it may not be seen any more.
};

class InstanceBook {
 public:
  /// Takes a message of the dashboard socket in. What it changed: a state, whether it answers, or
  /// what a session does or asks; not a latency, or a time of the last activity. In the order of
  /// SortForPeople.
  std::vector<Change> Take(const control::Message& message);

  /// All of them, in the order of SortForPeople.
  std::vector<control::Client> Instances() const;

 private:
  void Put(const control::Client& client, std::vector<Change>& changes);
  void Remove(const std::string& id, std::vector<Change>& changes);
  void RemoveUnlisted(std::vector<Change>& changes);

  std::map<std::string, control::Client> clients_;
  std::set<std::string> unlisted_;  ///< Of clients_: what a list that is under way has not named.
};

}  // namespace berth::terminal
