#include "identity/name_book.h"

#include <fmt/format.h>

#include "base/number.h"
#include "store/meta.h"

namespace berth::identity {

std::string NameBook::MetaKey(std::string_view kind, std::string_view name) const {
  return fmt::format("id of {} {} at {}", kind, name, scope_);
}

Task<Result<void>> NameBook::Load(std::string kind, std::vector<std::string> names) {
  std::vector<std::string> keys;
  for (const std::string& name : names) keys.push_back(MetaKey(kind, name));
  auto values = co_await store_.Read(
      [keys](store::Database& database) -> Result<std::vector<std::optional<std::string>>> {
        std::vector<std::optional<std::string>> found;
        for (const std::string& key : keys) {
          auto value = store::ReadMeta(database, key);
          if (!value) return std::move(value).error();
          found.push_back(std::move(*value));
        }
        return found;
      });
  if (!values) co_return Wrap(std::move(values).error(), "read the ids of names");
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!(*values)[i]) continue;
    if (const auto id = ParseNumericId(*(*values)[i])) ids_[{kind, names[i]}] = *id;
  }
  co_return Ok();
}

std::optional<std::int64_t> NameBook::Find(std::string_view kind, std::string_view name) const {
  const auto found = ids_.find({std::string(kind), std::string(name)});
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

Task<Result<std::int64_t>> NameBook::Learn(std::string kind, std::string name, std::int64_t id) {
  if (const auto known = Find(kind, name)) co_return *known;
  auto counts = co_await store_.Run(
      [key = MetaKey(kind, name), id](store::Database& database) -> Result<std::int64_t> {
        auto known = store::ReadMeta(database, key);
        if (!known) return std::move(known).error();
        if (*known) {
          if (const auto number = ParseNumericId(**known)) return *number;
        }
        auto written = store::WriteMeta(database, key, std::to_string(id));
        if (!written) return std::move(written).error();
        return id;
      });
  if (!counts) co_return Wrap(std::move(counts).error(), "keep the id of a name");
  ids_[{kind, name}] = *counts;
  co_return *counts;
}

std::optional<std::int64_t> ParseNumericId(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  if (text.front() == '-') return std::nullopt;
  return ParseNumber<std::int64_t>(text);
}

}  // namespace berth::identity
