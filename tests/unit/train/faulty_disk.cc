#include "tests/unit/train/faulty_disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace helio::train {

FaultyDisk& Disk() {
  static FaultyDisk disk;
  return disk;
}

namespace {

namespace fs = std::filesystem;

PowerCut* watcher = nullptr;

void Count() {
  auto& disk = Disk();
  if (disk.before_call) {
    const auto call = std::exchange(disk.before_call, nullptr);
    call();
    disk.before_call = call;
  }
  if (++disk.calls == disk.die_at_call) ::syscall(SYS_kill, ::getpid(), SIGKILL);
}

bool Hit(int& countdown) { return countdown > 0 && --countdown == 0; }

ssize_t Fail(int code) {
  errno = code;
  return -1;
}

// How many of `size` bytes still get through a limit that shrinks by them.
size_t Take(int64_t& limit, size_t size) {
  if (limit < 0) return size;
  const auto fits = std::min(static_cast<size_t>(limit), size);
  limit -= static_cast<int64_t>(fits);
  return fits;
}

ssize_t FaultyWrite(int fd, const void* data, size_t size) {
  if (fd <= 2) return ::syscall(SYS_write, fd, data, size);
  Count();
  auto& disk = Disk();
  const size_t fits = Take(disk.full_after, size);
  if (fits == 0 && size > 0) return Fail(ENOSPC);
  const size_t arrives = Take(disk.torn_after, fits);
  if (arrives > 0 && ::syscall(SYS_write, fd, data, arrives) != static_cast<ssize_t>(arrives)) return -1;
  return static_cast<ssize_t>(fits);
}

int FaultyRename(const char* from, const char* to, unsigned flags) {
  Count();
  if (flags != 0 && Disk().no_exchange) return static_cast<int>(Fail(EINVAL));
  if (Hit(Disk().fail_rename)) return static_cast<int>(Fail(EIO));
  if (Hit(Disk().lose_rename)) return 0;
  const auto code = ::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
  return static_cast<int>(Hit(Disk().echo_rename) ? Fail(ENOENT) : code);
}

uint64_t InodeOf(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::string ContentOf(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

PowerCut::Names NamesIn(const fs::path& folder) {
  PowerCut::Names names;
  for (const auto& entry : fs::directory_iterator(folder))
    names[entry.path().filename().string()] = {InodeOf(entry.path()), entry.is_directory()};
  return names;
}

}  // namespace

PowerCut::PowerCut() { watcher = this; }
PowerCut::~PowerCut() {
  watcher = nullptr;
  for (const auto& [inode, kept] : kept_) ::close(kept.fd);
}

void PowerCut::OnSync(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return;
  auto& kept = kept_[status.st_ino];
  if (kept.fd < 0) kept.fd = ::dup(fd);
  const auto path = fs::read_symlink("/proc/self/fd/" + std::to_string(fd));
  if (S_ISDIR(status.st_mode))
    kept.names = NamesIn(path);
  else
    kept.content = ContentOf(path);
}

void PowerCut::Trust(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) Trust(entry.path());
    if (!entry.is_regular_file()) continue;
    const int fd = ::open(entry.path().c_str(), O_RDONLY);
    OnSync(fd);
    ::close(fd);
  }
  const int fd = ::open(folder.c_str(), O_RDONLY);
  OnSync(fd);
  ::close(fd);
}

void PowerCut::Leave(const fs::path& folder, const fs::path& copy, bool names_survive) const {
  LeaveFolder(InodeOf(folder), folder, copy, names_survive);
}

void PowerCut::LeaveFolder(uint64_t inode, const fs::path& now, const fs::path& copy,
                           bool names_survive) const {
  fs::create_directories(copy);
  const auto own = kept_.find(inode);
  const auto names = names_survive ? NamesIn(now) : own == kept_.end() ? Names{} : own->second.names;
  for (const auto& [name, entry] : names) {
    const auto kept = kept_.find(entry.inode);
    if (entry.is_folder)
      LeaveFolder(entry.inode, now / name, copy / name, names_survive);
    else
      std::ofstream(copy / name, std::ios::binary) << (kept == kept_.end() ? "" : kept->second.content);
  }
}

}  // namespace helio::train

// These take the place of libc's for the whole program, libstdc++ included.
extern "C" {
ssize_t write(int fd, const void* data, size_t size) { return helio::train::FaultyWrite(fd, data, size); }

ssize_t read(int fd, void* data, size_t size) {
  if (helio::train::Disk().fail_reads && fd > 2) return helio::train::Fail(EIO);
  return ::syscall(SYS_read, fd, data, size);
}

int fsync(int fd) {
  helio::train::Count();
  if (helio::train::Hit(helio::train::Disk().fail_sync)) return static_cast<int>(helio::train::Fail(EIO));
  if (helio::train::watcher) helio::train::watcher->OnSync(fd);
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

int flock(int fd, int operation) noexcept {
  if (helio::train::Disk().fail_lock != 0)
    return static_cast<int>(helio::train::Fail(helio::train::Disk().fail_lock));
  return static_cast<int>(::syscall(SYS_flock, fd, operation));
}

int access(const char* path, int mode) noexcept {
  if (helio::train::Disk().read_only && (mode & W_OK) != 0)
    return static_cast<int>(helio::train::Fail(EROFS));
  return static_cast<int>(::syscall(SYS_faccessat, AT_FDCWD, path, mode));
}

int rename(const char* from, const char* to) noexcept { return helio::train::FaultyRename(from, to, 0); }

int renameat2(int, const char* from, int, const char* to, unsigned flags) noexcept {
  return helio::train::FaultyRename(from, to, flags);
}
}
