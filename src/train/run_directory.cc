#include "src/train/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "src/base/log.h"
#include "src/train/durable_folder.h"

namespace helio::train {
namespace fs = std::filesystem;
namespace {

// flock is released by the kernel when the holder dies, however it dies: a stale lock cannot exist.
int TakeLock(const fs::path& path) {
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) ThrowUser(std::string("cannot be opened: ") + std::strerror(errno), path.string());
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) {
    LOG(WARNING) << path.string() << ": this file system has no locks (" << std::strerror(errno)
                 << "): nothing keeps a second job from writing here";
    return lock;
  }
  {
    const std::string holder = ReadFile(path);
    ::close(lock);
    ThrowUser("another job (" + holder + ") is writing here", path.parent_path().string(),
              "wait for it, or choose another --out");
  }
}

}  // namespace

RunDirectory::RunDirectory(fs::path path) : path_(std::move(path)) {
  try {
    CreateDurably(path_);
  } catch (const fs::filesystem_error& failed) {
    ThrowUser("cannot be created: " + failed.code().message(), path_.string());
  }
  lock_ = TakeLock(path_ / ".lock");
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  const std::string holder = std::string(host) + ", process " + std::to_string(::getpid());
  if (::ftruncate(lock_, 0) == 0 && ::pwrite(lock_, holder.data(), holder.size(), 0) < 0)
    LOG(WARNING) << path_ << ": cannot note who holds the lock";
}

RunDirectory::~RunDirectory() {
  if (metrics_ >= 0) ::close(metrics_);
  if (lock_ >= 0) ::close(lock_);
}

void RunDirectory::RewindMetrics(int64_t step) {
  const auto path = path_ / "metrics.jsonl";
  if (!fs::exists(path)) return;
  std::istringstream lines(ReadFile(path) + pending_);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const Json parsed = Json::parse(line, nullptr, false);  // a torn last line is dropped
    if (parsed.is_object() && parsed.value("step", int64_t{0}) <= step) kept += line + "\n";
  }
  if (metrics_ >= 0) ::close(std::exchange(metrics_, -1));
  pending_.clear();
  WriteFileAtomically(path, kept);
}

void RunDirectory::AppendMetrics(const Json& line) {
  pending_ += line.dump() + "\n";
  const bool written = WritePending();
  if (!written && !failing_)
    LOG(ERROR) << path_ / "metrics.jsonl"
               << ": cannot be written (" << std::strerror(errno) << "); its lines wait in memory";
  if (written && failing_)
    LOG(INFO) << path_ / "metrics.jsonl"
              << ": can be written again";
  failing_ = !written;
}

void RunDirectory::SyncMetrics() const {
  const auto path = path_ / "metrics.jsonl";
  if (!fs::exists(path)) return;
  SyncFile(path);
  SyncDirectory(path_);
}

// All of it or nothing: half a line at the end is cut off again.
bool RunDirectory::WritePending() {
  if (metrics_ < 0)
    metrics_ = ::open((path_ / "metrics.jsonl").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (metrics_ < 0) return false;
  const off_t end = ::lseek(metrics_, 0, SEEK_END);
  if (::write(metrics_, pending_.data(), pending_.size()) == static_cast<ssize_t>(pending_.size())) {
    pending_.clear();
    return true;
  }
  const int reason = errno;
  if (::ftruncate(metrics_, end) != 0) LOG(ERROR) << path_ << ": cannot cut metrics.jsonl";
  errno = reason;
  return false;
}

}  // namespace helio::train
