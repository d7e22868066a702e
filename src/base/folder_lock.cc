#include "src/base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/host_name.h"
#include "src/base/log.h"

namespace helio {
namespace fs = std::filesystem;
namespace {

Descriptor OpenLock(const fs::path& file) {
  Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.get() < 0) ThrowUser(std::string("cannot be opened: ") + std::strerror(errno), file.string());
  return lock;
}

// Whether the name still stands for the file that is open: a holder that ends takes it away.
bool IsStill(const fs::path& file, const Descriptor& lock) {
  struct stat named {
  }, open{};
  return ::stat(file.c_str(), &named) == 0 && ::fstat(lock.get(), &open) == 0 &&
         named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

Descriptor TakeLock(const fs::path& file, const char* remedy) {
  while (true) {
    auto lock = OpenLock(file);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
      if (IsStill(file, lock)) return lock;
      continue;
    }
    if (errno == EWOULDBLOCK)
      ThrowUser("another job (" + ReadFile(file) + ") is writing here", file.parent_path().string(), remedy);
    LOG(WARNING) << file.string() << ": this file system has no locks (" << std::strerror(errno)
                 << "): nothing keeps a second job from writing here";
    return lock;
  }
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder, const char* remedy) : file_(folder / ".lock") {
  MakeFolders(folder);
  lock_ = TakeLock(file_, remedy);
  const std::string holder = HostName() + ", process " + std::to_string(::getpid());
  if (::ftruncate(lock_.get(), 0) == 0 && ::pwrite(lock_.get(), holder.data(), holder.size(), 0) < 0)
    LOG(WARNING) << folder << ": cannot note who holds the lock";
}

void FolderLock::Remove() {
  if (lock_.get() < 0) return;
  std::error_code ignored;
  fs::remove(file_, ignored);
  lock_ = Descriptor();
}

}  // namespace helio
