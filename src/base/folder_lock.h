#pragma once
#include <filesystem>

#include "src/base/descriptor.h"

namespace helio {

// How long a process waits for a folder that another one holds: HELIO_LOCK_PATIENCE seconds (at most 3600);
// without it 60 where Slurm has started its job again (SLURM_RESTART_COUNT), else 0. The process of a node
// that was lost may outlive its job, and its locks on a shared file system do until their lease ends.
double LockPatience();

// A folder of which one process at a time is the writer: a locked file ".lock" in it. The kernel frees the
// lock when the holder dies, however it dies. Move-only, one thread.
class FolderLock {
 public:
  // Makes the folder, takes its lock and notes host and process in it. If another live process has it, throws
  // an Error that names it, `remedy` telling what to do: without `patience` (seconds) Error{kUser} at once,
  // else Error{kCluster} after that time, so that a job is not ended for good by what will pass. Where the
  // file cannot be opened, throws as ErrorOfErrno; where there is none yet, also as CheckNotReadOnly. A file
  // system without locks is warned of.
  FolderLock(const std::filesystem::path& folder, const char* remedy, double patience = LockPatience());
  FolderLock(FolderLock&&) noexcept = default;
  FolderLock& operator=(FolderLock&&) = delete;

  // Whether ".lock" is still the file that is locked: not where it was removed, with its folder or alone, or
  // the folder is another one by now. True where that cannot be seen.
  bool IsHeld() const;
  // Lets go, makes the folder where it was removed, and takes the lock anew. Throws as the constructor.
  void TakeAgain(const char* remedy, double patience = LockPatience());
  // Lets go and takes ".lock" away.
  void Remove();

 private:
  void Take(const char* remedy, double patience);

  std::filesystem::path file_;
  Descriptor lock_;
};

}  // namespace helio
