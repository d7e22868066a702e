#pragma once
#include <filesystem>
#include <map>
#include <string>

namespace helio {

// The limits of CPU time of the control groups (version 1 and 2) that this process is in, those above its own
// included, as far as it sees them: by group (device:inode of its folder, the same in every container of a
// host), in processors' worth. docker --cpus, Kubernetes' limits and systemd's CPUQuota are such; the
// processors that a process may run on do not show them. Empty where there are none, or nothing can be read.
// `root`: where /proc and /sys are. Thread-safe.
std::map<std::string, double> CpuQuotas(const std::filesystem::path& root = "/");

}  // namespace helio
