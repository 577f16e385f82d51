#include "agent/adapters/password_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/encoding.h"

namespace berth::agent {
namespace {

constexpr std::size_t kMaxPassword = 256;

/// An open file that closes itself.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Result<std::string> ReadPassword(const std::filesystem::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) return FromErrno(errno, "open " + path.string());
  char buffer[kMaxPassword];
  const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
  if (count < 0) return FromErrno(errno, "read " + path.string());
  std::string password(buffer, static_cast<std::size_t>(count));
  while (password.ends_with('\n')) password.pop_back();
  if (password.size() < 16) return Internal(path.string() + " holds no password");
  return password;
}

}  // namespace

std::filesystem::path PasswordFile(const std::filesystem::path& state_folder) {
  return state_folder / "instance-password";
}

Result<std::string> KeepPassword(const std::filesystem::path& state_folder,
                                 const RandomSource& random) {
  std::error_code error;
  if (std::filesystem::create_directories(state_folder, error); error) {
    return Internal("make " + state_folder.string() + ": " + error.message());
  }
  ::chmod(state_folder.c_str(), 0700);
  const auto path = PasswordFile(state_folder);
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) {
    if (errno == EEXIST) return ReadPassword(path);
    return FromErrno(errno, "make " + path.string());
  }
  const std::string password = Base64UrlEncode(RandomBytes<24>(random));
  const std::string line = password + '\n';
  const ssize_t written = ::write(file.get(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size()) || ::fsync(file.get()) != 0) {
    Error failure = FromErrno(errno, "write " + path.string());
    ::unlink(path.c_str());
    return failure;
  }
  return password;
}

}  // namespace berth::agent
