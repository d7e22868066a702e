#include "src/base/usable_cores.h"

#include <sched.h>

#include <algorithm>

#include "src/base/cpu_quota.h"

namespace helio {

std::string AllowedProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) CPU_SET(0, &set);
  std::string processors(CPU_SETSIZE, '0');
  for (size_t i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &set)) processors[i] = '1';
  return processors;
}

int UsableCores(const std::filesystem::path& root) {
  const auto processors = AllowedProcessors();
  auto cores = static_cast<double>(std::ranges::count(processors, '1'));
  for (const auto& quota : CpuQuotas(root)) cores = std::min(cores, quota.second);
  return std::max(1, static_cast<int>(cores));
}

}  // namespace helio
