#pragma once
#include <cstdint>

namespace helio::train {

// What this process' file system does wrong, from now on: the test program defines write, fsync, rename and
// read itself (faulty_disk.cc) and asks here. Everything is counted over all files; 0 is off.
struct FaultyDisk {
  int64_t full_after = -1;  // bytes that still fit; then ENOSPC (after a short write). -1: never full
  int64_t torn_after = -1;  // bytes that arrive; the rest is acknowledged and lost. -1: none is
  int fail_sync = 0;        // the n-th fsync fails with EIO
  int fail_rename = 0;      // the n-th rename fails with EIO
  int lose_rename = 0;      // the n-th rename is acknowledged and does nothing
  bool fail_reads = false;  // every read fails with EIO
  int64_t die_at_call = 0;  // the process dies (kill -9) before the n-th of these calls
  int64_t calls = 0;        // so far
};

FaultyDisk& Disk();

}  // namespace helio::train
