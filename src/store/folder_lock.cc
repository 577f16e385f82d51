#include "store/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/private_file.h"

namespace berth::store {

Result<std::unique_ptr<FolderLock>> FolderLock::Take(const std::filesystem::path& folder) {
  auto made = MakePrivateFolder(folder);
  if (!made) return std::move(made).error();
  const auto path = folder / "hub.lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return OwnersFileError(errno, fmt::format("open {}", path.string()));
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
