#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace helio::train {

// What this process' file system does wrong, from now on: the test program defines write, fsync, rename and
// read itself (faulty_disk.cc) and asks here. Everything is counted over all files; 0 is off.
struct FaultyDisk {
  int64_t full_after = -1;   // bytes that still fit; then ENOSPC (after a short write). -1: never full
  int64_t torn_after = -1;   // bytes that arrive; the rest is acknowledged and lost. -1: none is
  int fail_sync = 0;         // the n-th fsync fails with EIO
  int fail_rename = 0;       // the n-th rename fails with EIO
  int lose_rename = 0;       // the n-th rename is acknowledged and does nothing
  int echo_rename = 0;       // the n-th rename is done, and then it fails with ENOENT
  bool no_exchange = false;  // two names never change places: EINVAL
  bool fail_reads = false;   // every read fails with EIO
  int64_t die_at_call = 0;   // the process dies (kill -9) before the n-th of these calls
  int64_t calls = 0;         // so far
  int fail_lock = 0;         // flock fails with this errno
  bool read_only = false;    // whoever asks beforehand hears EROFS
  std::function<void()> before_call =
      {};  // called before each of them (and not for those that it makes itself)
};

FaultyDisk& Disk();

// What a power cut leaves: of every file what was in it at its last fsync, of every folder the names at its
// last fsync. Watches fsync while it lives. One at a time.
class PowerCut {
 public:
  PowerCut();
  ~PowerCut();
  PowerCut(const PowerCut&) = delete;
  PowerCut& operator=(const PowerCut&) = delete;

  // Everything in `folder` counts as synced as it is now.
  void Trust(const std::filesystem::path& folder);
  // `folder` as it would be found, written to `copy`. With `names_survive` the names in it are those of now,
  // and only what is in the files is lost.
  void Leave(const std::filesystem::path& folder, const std::filesystem::path& copy,
             bool names_survive) const;
  void OnSync(int fd);

  struct Entry {
    uint64_t inode;
    bool is_folder;
  };
  using Names = std::map<std::string, Entry>;

 private:
  struct Kept {
    int fd = -1;  // held open, so that no other file gets the same number
    std::string content;
    Names names;  // of a folder
  };
  void LeaveFolder(uint64_t inode, const std::filesystem::path& now, const std::filesystem::path& copy,
                   bool names_survive) const;
  std::map<uint64_t, Kept> kept_;  // by inode
};

}  // namespace helio::train
