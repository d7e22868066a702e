#pragma once
#include "src/base/file_system.h"
#include "tests/support/scratch_folder.h"

namespace helio {

// Folders that look like /proc and /sys of containers ("a", "b") in one host's control groups.
class FakeContainers {
 public:
  explicit FakeContainers(const std::string& name) : scratch_(name) {}

  std::filesystem::path path(const std::string& container = "a") const { return scratch_.path() / container; }

  void Write(const std::filesystem::path& file, const std::string& text) const {
    MakeFolders((scratch_.path() / file).parent_path());
    WriteFileAtomically(scratch_.path() / file, text);
  }

  // Groups of version 2 (no file of limits in the topmost one), in whose `group` the container's process is.
  void Unified(const std::string& container, const std::string& group,
               const std::string& mounted = "/") const {
    Write(container + "/proc/self/cgroup", "0::" + group + "\n");
    Write(container + "/proc/self/mountinfo",
          "22 1 8:1 / / rw - ext4 /dev/sda rw\n"
          "30 22 0:26 " +
              mounted + " /sys/fs/cgroup ro,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate\n");
  }

  // As cpu.max has it.
  void Limit(const std::string& group, const std::string& text) const {
    Write("a/sys/fs/cgroup" + group + "/cpu.max", text + "\n");
  }

 private:
  const ScratchFolder scratch_;
};

}  // namespace helio
