#include "cluster/cores.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "cluster/launch_environment.h"
#include "src/base/cpu_quota.h"
#include "src/base/usable_cores.h"

namespace helio::cluster {
namespace {

using Quotas = std::map<std::string, double>;

// What a rank may use.
struct CoreLimits {
  std::string processors;  // as AllowedProcessors has them
  Quotas quotas;
};

std::string ToLine(int host, const CoreLimits& limits) {
  std::ostringstream line;
  line << host << ' ' << limits.processors;
  for (const auto& [group, cpus] : limits.quotas) line << ' ' << group << ' ' << cpus;
  return line.str();
}

// Of all ranks of this rank's host.
std::vector<CoreLimits> LimitsOnHost(Communicator& communicator, const CoreLimits& own) {
  const int own_host = communicator.world().host;
  std::vector<CoreLimits> limits_on_host;
  for (const auto& line : GatherStrings(communicator, ToLine(own_host, own), "cores")) {
    std::istringstream words(line);
    CoreLimits limits;
    int of = 0;
    words >> of >> limits.processors;
    if (of != own_host) continue;
    std::string group;
    for (double cpus = 0; words >> group >> cpus;) limits.quotas[group] = cpus;
    limits_on_host.push_back(std::move(limits));
  }
  return limits_on_host;
}

int64_t CoresTogether(const std::vector<CoreLimits>& host) {
  std::string together = host.front().processors;
  for (const auto& limits : host)
    for (size_t i = 0; i < together.size(); ++i)
      if (limits.processors[i] == '1') together[i] = '1';
  return std::count(together.begin(), together.end(), '1');
}

}  // namespace

int CoresOfRank(Communicator& communicator, const std::filesystem::path& root) {
  const CoreLimits own{AllowedProcessors(), CpuQuotas(root)};
  const auto host = LimitsOnHost(communicator, own);
  double share = static_cast<double>(CoresTogether(host) / communicator.world().local_size);
  for (const auto& [group, cpus] : own.quotas) {
    const auto sharers = std::ranges::count_if(
        host, [&name = group](const CoreLimits& limits) { return limits.quotas.contains(name); });
    share = std::min(share, cpus / static_cast<double>(sharers));
  }
  if (const auto asked = SlurmCpusPerTask()) share = std::min(share, static_cast<double>(*asked));
  return std::max(1, static_cast<int>(share));
}

}  // namespace helio::cluster
