#include "agent/adapters/password_file.h"

#include "base/encoding.h"
#include "base/private_file.h"

namespace berth::agent {
namespace {

constexpr std::size_t kMaxPassword = 256;
constexpr std::size_t kMinPassword = 16;

}  // namespace

std::filesystem::path PasswordFile(const std::filesystem::path& state_folder) {
  return state_folder / "instance-password";
}

Result<std::string> KeepPassword(const std::filesystem::path& state_folder,
                                 const RandomSource& random) {
  const auto file = PasswordFile(state_folder);
  auto kept = ReadPrivateFile(file, kMaxPassword);
  if (!kept && kept.error().kind != ErrorKind::kNotFound) return kept;
  if (kept) {
    while (kept->ends_with('\n')) kept->pop_back();
    if (kept->size() >= kMinPassword) return kept;
    // Not written to its end, so that it was never used.
  }
  std::string password = Base64UrlEncode(RandomBytes<24>(random));
  auto written = WritePrivateFile(file, password + '\n');
  if (!written) return std::move(written).error();
  return password;
}

}  // namespace berth::agent
