#include "tests/unit/train/faulty_disk.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace helio::train {

FaultyDisk& Disk() {
  static FaultyDisk disk;
  return disk;
}

namespace {

void Count() {
  auto& disk = Disk();
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
  if (Hit(Disk().fail_rename)) return static_cast<int>(Fail(EIO));
  if (Hit(Disk().lose_rename)) return 0;
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
}

}  // namespace
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
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

int rename(const char* from, const char* to) noexcept { return helio::train::FaultyRename(from, to, 0); }

int renameat2(int, const char* from, int, const char* to, unsigned flags) noexcept {
  return helio::train::FaultyRename(from, to, flags);
}
}
