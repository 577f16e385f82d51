// NameBook: which numeric id a name in an allow-list stood for when it was first looked up.
//
// Names change hands, ids do not: once a name is known here, it means that id for ever, whoever
// bears the name later. Kept in the database. Lives on one loop.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace berth::identity {

class NameBook {
 public:
  /// `scope` keeps apart what different providers call alike. `store` must outlive this object.
  NameBook(store::Store& store, std::string scope) : store_(store), scope_(std::move(scope)) {}

  /// Reads what is known of these names; `kind` is "user" or "org".
  Task<Result<void>> Load(std::string kind, std::vector<std::string> names);

  std::optional<std::int64_t> Find(std::string_view kind, std::string_view name) const;

  /// Writes that the name means this id, unless it is known already; what then counts is given.
  Task<Result<std::int64_t>> Learn(std::string kind, std::string name, std::int64_t id);

 private:
  using Key = std::pair<std::string, std::string>;
  std::string MetaKey(std::string_view kind, std::string_view name) const;

  store::Store& store_;
  const std::string scope_;
  std::map<Key, std::int64_t> ids_;
};

/// The number that a text of 1 to 18 digits spells, else nothing.
std::optional<std::int64_t> ParseNumericId(std::string_view text);

}  // namespace berth::identity
