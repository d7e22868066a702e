#pragma once
#include <filesystem>
#include <string>

namespace helio {

// A character for each processor of this host: '1' where the calling thread may run. Thread-safe.
std::string AllowedProcessors();

// How many threads this process can keep busy, alone on its host: as many as it has processors, but no more
// than its limits of CPU time (cpu_quota.h, where `root` is explained) are worth, rounded down: a thread more
// would be throttled. At least 1. Thread-safe.
int UsableCores(const std::filesystem::path& root = "/");

}  // namespace helio
