#include "src/base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/host_name.h"
#include "src/base/log.h"
#include "src/base/seconds.h"

namespace helio {
namespace fs = std::filesystem;
namespace {

Descriptor OpenLock(const fs::path& file) {
  Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.get() < 0) throw ErrorOfErrno(errno, file, "cannot be opened");
  return lock;
}

std::string HolderOf(const fs::path& file) {
  try {
    return ReadFile(file);
  } catch (const Error&) {
    return "it ends just now";  // and has removed the file
  }
}

// Waits for the holder, a moment at a time; throws once the patience is used up.
class Waiting {
 public:
  explicit Waiting(double patience) : patience_(patience), end_(Clock::now() + FromSeconds(patience)) {}

  void AMoment(const fs::path& file, const char* remedy) {
    const std::string folder = file.parent_path().string();
    if (Clock::now() >= end_)
      throw Error(patience_ > 0 ? ErrorKind::kCluster : ErrorKind::kUser,
                  "another job (" + HolderOf(file) + ") is writing here", folder, remedy);
    if (!std::exchange(told_, true))
      LOG(WARNING) << folder << ": still held by " << HolderOf(file) << "; waiting " << patience_
                   << " s for it";
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

 private:
  const double patience_;
  const Clock::time_point end_;
  bool told_ = false;
};

Descriptor TakeLock(const fs::path& file, const char* remedy, double patience) {
  Waiting waiting(patience);
  while (true) {
    auto lock = OpenLock(file);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
      if (NamesFile(file, lock.get())) return lock;  // a holder that ends removes it
      continue;
    }
    if (errno == EWOULDBLOCK) {
      waiting.AMoment(file, remedy);
      continue;
    }
    LOG(WARNING) << file.string() << ": this file system has no locks (" << std::strerror(errno)
                 << "): nothing keeps a second job from writing here";
    return lock;
  }
}

}  // namespace

double LockPatience() {
  constexpr double kMost = 3600, kStartedAgain = 60;
  if (const char* given = std::getenv("HELIO_LOCK_PATIENCE")) return std::clamp(std::atof(given), 0.0, kMost);
  const char* restarts = std::getenv("SLURM_RESTART_COUNT");
  return restarts && std::atoi(restarts) > 0 ? kStartedAgain : 0;
}

FolderLock::FolderLock(const fs::path& folder, const char* remedy, double patience)
    : file_(folder / ".lock") {
  // Where a job has written before, the file system has turned read-only since.
  if (std::error_code unknown; !fs::exists(file_, unknown)) CheckNotReadOnly(folder);
  Take(remedy, patience);
}

void FolderLock::Take(const char* remedy, double patience) {
  MakeFolders(file_.parent_path());
  lock_ = TakeLock(file_, remedy, patience);
  const std::string holder = HostName() + ", process " + std::to_string(::getpid());
  if (::ftruncate(lock_.get(), 0) == 0 && ::pwrite(lock_.get(), holder.data(), holder.size(), 0) < 0)
    LOG(WARNING) << file_.parent_path() << ": cannot note who holds the lock";
}

// A server that does not answer just now has removed nothing.
bool FolderLock::IsHeld() const {
  if (NamesFile(file_, lock_.get())) return true;
  std::error_code failed;
  const auto type = fs::status(file_, failed).type();
  return failed && type != fs::file_type::not_found;
}

void FolderLock::TakeAgain(const char* remedy, double patience) {
  lock_ = Descriptor();
  Take(remedy, patience);
}

void FolderLock::Remove() {
  if (lock_.get() < 0) return;
  std::error_code ignored;
  fs::remove(file_, ignored);
  lock_ = Descriptor();
}

}  // namespace helio
