// FolderLock: one hub per data folder. Two would each believe their own memory of sessions and
// tokens. Commands such as `berth token` need no lock, unless they bring an older schema up to
// date: the running hub notices what they change.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"

namespace berth::store {

class FolderLock {
 public:
  /// Takes the lock of a folder, which is made if needed (MakePrivateFolder). kConflict: somebody
  /// else holds it. The kernel gives it back when the process ends, however it ends.
  static Result<std::unique_ptr<FolderLock>> Take(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace berth::store
