#include "base/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace berth {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  const int number_;
};

Error FileError(std::string_view doing, const std::filesystem::path& file) {
  const int number = errno;
  Error error = FromErrno(number, std::string(doing) + " " + file.string());
  if (number == EACCES || number == EPERM || number == EROFS) error.kind = ErrorKind::kForbidden;
  if (number == ENOSPC || number == EDQUOT) error.kind = ErrorKind::kUnavailable;
  if (number == EISDIR) error.kind = ErrorKind::kInvalid;
  return error;
}

bool WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(descriptor) == 0;
}

Result<std::string> ReadAll(int descriptor, const std::filesystem::path& file, std::size_t limit) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError("read", file);
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > limit) return TooLarge(file.string() + " is too large");
  }
}

}  // namespace

Error OwnersFileError(int number, std::string_view doing) {
  Error error = FromErrno(number, doing);
  if (number == EACCES) error.message += "; run this as the owner of the folder";
  if (number == EROFS) error.message += "; berth has to write there: choose another folder";
  return error;
}

Result<void> MakePrivateFolder(const std::filesystem::path& folder) {
  std::error_code failure;
  if (folder.empty() || std::filesystem::is_directory(folder, failure)) return Ok();
  auto parent = MakePrivateFolder(folder.parent_path());
  if (!parent) return parent;
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return Ok();
  Error error = FileError("make the folder", folder);
  if (error.kind == ErrorKind::kForbidden) {
    error.message += "; make it, for the user that berth runs as, or choose another";
  }
  return error;
}

Result<std::string> ReadSmallFile(const std::filesystem::path& file, std::size_t limit) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() >= 0) return ReadAll(in.get(), file, limit);
  Error error = FileError("open", file);
  if (error.kind == ErrorKind::kForbidden) {
    error.message += "; run this as a user who may read it, e.g. sudo -u berth berth ...";
  }
  return error;
}

Result<std::string> ReadPrivateFile(const std::filesystem::path& file, std::size_t limit) {
  // Not waiting for the writer of a pipe that somebody put there.
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (in.get() < 0) return FileError("open", file);
  struct stat status{};
  if (::fstat(in.get(), &status) != 0) return FileError("look at", file);
  if (!S_ISREG(status.st_mode)) return Invalid(file.string() + " is not a file");
  if ((status.st_mode & 077) != 0) {
    return Forbidden(file.string() + " can be read by others: chmod 600 it");
  }
  return ReadAll(in.get(), file, limit);
}

Result<void> WritePrivateFile(const std::filesystem::path& file, std::string_view text) {
  auto made = MakePrivateFolder(file.parent_path());
  if (!made) return made;
  const std::string temporary = file.string() + ".new-" + std::to_string(::getpid());
  {
    ::unlink(temporary.c_str());  // Of a process that died, and had our number.
    const Descriptor out(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (out.get() < 0) return FileError("write", file);
    if (!WriteAll(out.get(), text)) {
      Error error = FileError("write", file);
      ::unlink(temporary.c_str());
      return error;
    }
  }
  if (::rename(temporary.c_str(), file.c_str()) != 0) {
    Error error = FileError("write", file);
    ::unlink(temporary.c_str());
    return error;
  }
  return Ok();
}

}  // namespace berth
