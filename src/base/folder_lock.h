#pragma once
#include <filesystem>

#include "src/base/descriptor.h"

namespace helio {

// A folder of which one process at a time is the writer: a locked file ".lock" in it. The kernel frees the
// lock when the holder dies, however it dies. Move-only, one thread.
class FolderLock {
 public:
  // Makes the folder, takes its lock and notes host and process in it. Throws Error{kUser} naming the holder
  // if another live process has it, `remedy` telling what to do. A file system without locks is warned of.
  FolderLock(const std::filesystem::path& folder, const char* remedy);
  FolderLock(FolderLock&&) noexcept = default;
  FolderLock& operator=(FolderLock&&) = delete;

  // Lets go and takes ".lock" away.
  void Remove();

 private:
  std::filesystem::path file_;
  Descriptor lock_;
};

}  // namespace helio
