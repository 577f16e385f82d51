#include "store/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace berth::store {

Result<void> MakeDataFolder(const std::filesystem::path& folder) {
  // "data/" names what "data" does.
  if (!folder.has_filename() && folder.has_relative_path()) {
    return MakeDataFolder(folder.parent_path());
  }
  std::error_code error;
  if (std::filesystem::exists(folder, error)) return Ok();
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (error) return FromErrno(error.value(), fmt::format("create {}", folder.string()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return FromErrno(errno, fmt::format("create the data folder {}", folder.string()));
  }
  return Ok();
}

Result<std::unique_ptr<FolderLock>> FolderLock::Take(const std::filesystem::path& folder) {
  auto made = MakeDataFolder(folder);
  if (!made) return std::move(made).error();
  const auto path = folder / "hub.lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    const bool is_refused = errno == EACCES;
    Error error = FromErrno(errno, fmt::format("open {}", path.string()));
    if (is_refused) error.message += "; run this as the owner of the folder";
    return error;
  }
  std::unique_ptr<FolderLock> lock(new FolderLock(descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) {
    return Conflict(fmt::format("another hub runs on {}: stop it, or choose another --data folder",
                                folder.string()));
  }
  return FromErrno(errno, fmt::format("lock {}", path.string()));
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace berth::store
