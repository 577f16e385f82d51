// Configuration files. Properties: a file is read or refused with its place, its limits are taken
// whole or refused, and each is within what its row allows.
#include <cstdint>

#include "base/check.h"
#include "base/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;  // NOLINT
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto file = ParseConfig(text, "berth.toml");
  if (!file) {
    CHECK(file.error().kind == ErrorKind::kInvalid);
    CHECK(file.error().message.contains("berth.toml"));
    return 0;
  }
  for (const ConfigEntry& entry : file->entries) {
    CHECK(entry.is_list || entry.values.size() == 1);
    CHECK(entry.line >= 1);
  }
  Limits limits;
  if (!ApplyLimits(*file, limits)) return 0;
  for (const LimitRow& row : LimitTable()) {
    if (row.is_duration) {
      CHECK((limits.*row.duration) > Limits::Ms::zero());
    } else {
      CHECK(row.may_be_zero || (limits.*row.size) > 0);
      CHECK(row.most == 0 || (limits.*row.size) <= row.most);
    }
  }
  return 0;
}
