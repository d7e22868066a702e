#include "cluster/device_choice.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "cluster/gpus.h"
#include "src/base/error.h"
#include "src/base/log.h"
#include "src/base/text_list.h"

namespace helio::cluster {
namespace {

// "rank 1 on node2, rank 5 on node4"; a job of one is simply "this host".
std::string RanksWithout(const std::vector<RankDevices>& ranks) {
  std::string without;
  for (size_t rank = 0; rank < ranks.size(); ++rank)
    if (ranks[rank].gpus == 0) AddToList(without, "rank " + std::to_string(rank) + " on " + ranks[rank].host);
  return without;
}

// As many as its ranks see together: a launcher may have given each one of its own.
int GpusOf(const std::string& host, const std::vector<RankDevices>& ranks) {
  std::set<std::string> single;
  int seen = 0;
  for (const auto& rank : ranks) {
    if (rank.host != host) continue;
    seen = std::max(seen, rank.gpus);
    if (!rank.gpu.empty()) single.insert(rank.gpu);
  }
  return std::max(seen, static_cast<int>(single.size()));
}

}  // namespace

int UsableGpus(WantedDevice wanted) {
  if (wanted == WantedDevice::kCpu) return 0;
  const int gpus = VisibleGpus();
  if (gpus == 0 && wanted == WantedDevice::kAuto && std::filesystem::exists("/proc/driver/nvidia"))
    LOG(WARNING)
        << "an NVIDIA driver is here, but no GPU can be used: computing on CPUs (is the driver older than "
           "CUDA 13 needs, 580, or CUDA_VISIBLE_DEVICES empty?)";
  return gpus;
}

void CheckDevices(WantedDevice wanted, const std::vector<RankDevices>& ranks, bool share_gpus) {
  const auto without =
      std::count_if(ranks.begin(), ranks.end(), [](const auto& rank) { return rank.gpus == 0; });
  const auto flag = "--device=" + NameIn(kWantedDevices, wanted);
  if (wanted == WantedDevice::kCuda && without > 0)
    ThrowUser("no GPU is visible to " + RanksWithout(ranks), flag, "is the driver there?");
  if (without > 0 && without < std::ssize(ranks))
    ThrowUser("some ranks see a GPU and others do not: none for " + RanksWithout(ranks), flag,
              "is the driver there? or hide all GPUs with CUDA_VISIBLE_DEVICES=");
  if (share_gpus || without > 0) return;
  for (const auto& rank : ranks)
    if (const int gpus = GpusOf(rank.host, ranks); rank.local_ranks > gpus)
      ThrowUser(rank.host + " has " + std::to_string(rank.local_ranks) + " ranks but " +
                    std::to_string(gpus) + " GPU" + (gpus == 1 ? "" : "s"),
                flag, "start at most one rank a GPU, or use --device=cpu");
}

c10::Device DeviceOf(const World& world, int gpus) {
  if (gpus == 0) return c10::kCPU;
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(world.local_rank % gpus)};
}

}  // namespace helio::cluster
