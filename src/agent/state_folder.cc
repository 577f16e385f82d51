#include "agent/state_folder.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;

/// The URL as the name of a folder, one for each URL: "hub.example.org", "hub.example.org%3A8443",
/// "http%3A%2F%2Flocalhost%3A8787".
std::string FolderNameOf(std::string_view hub_url) {
  constexpr std::string_view kHttps = "https://";
  if (hub_url.starts_with(kHttps)) hub_url.remove_prefix(kHttps.size());
  std::string name;
  for (const char c : hub_url) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (is_plain && !(name.empty() && c == '.')) {
      name.push_back(c);
    } else {
      name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return name;
}

}  // namespace

fs::path HomeFolder() {
  if (const char* home = std::getenv("HOME"); home && *home) return home;
  if (const passwd* entry = ::getpwuid(::getuid()); entry && entry->pw_dir) return entry->pw_dir;
  return "/";
}

fs::path StateBase() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const fs::path base = state && *state ? fs::path(state) : HomeFolder() / ".local" / "state";
  return base / "berth";
}

fs::path StateFolder(std::string_view client_id) { return StateBase() / client_id; }

fs::path HubFolder(const fs::path& base, std::string_view client_id, std::string_view hub_url) {
  return base / client_id / "hubs" / FolderNameOf(hub_url);
}

std::vector<std::string> IdsWithHubFile(const fs::path& base, std::string_view hub_url,
                                        std::string_view file_name) {
  std::vector<std::string> ids;
  std::error_code error;
  for (fs::directory_iterator entry(base, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string id = entry->path().filename();
    std::error_code absent;
    if (IsHostLabel(id) && fs::exists(HubFolder(base, id, hub_url) / file_name, absent)) {
      ids.push_back(id);
    }
  }
  std::ranges::sort(ids);
  return ids;
}

}  // namespace berth::agent
