#include "cluster/hierarchy.h"

#include <algorithm>

#include "cluster/mpi_communicator.h"
#include "src/base/seconds.h"
#include "src/base/tensor.h"

namespace helio::cluster {
namespace {

// Two levels need several hosts with the same number, two or more, of ranks each.
bool TwoLevelsFit(Communicator& c) {
  const auto sizes = GatherScalars(c, c.world().local_size, "hosts");
  const bool even = std::all_of(sizes.begin(), sizes.end(), [&](double size) { return size == sizes[0]; });
  return even && sizes[0] > 1 && c.world().hosts > 1;
}

double AllReduceProbeSeconds(Communicator& c) {
  auto buffer = torch::zeros({4 << 20});
  double best = 1e9;
  for (int i = 0; i < 4; ++i) {
    const auto begin = Clock::now();
    c.Await(c.AllReduce(buffer, Reduce::kSum, "probe"));
    best = std::min(best, SecondsSince(begin));
  }
  return AllReduceScalar(c, best, Reduce::kMax, "probe");
}

}  // namespace

std::unique_ptr<Communicator> MakeCpuCommunicator(Hierarchy hierarchy,
                                                  const std::shared_ptr<MpiEngine>& engine,
                                                  const World& world, const std::shared_ptr<JobState>& job) {
  auto flat = MakeMpiCommunicator(engine, world, "world", job);
  if (hierarchy == Hierarchy::kFlat || !TwoLevelsFit(*flat)) return flat;
  auto two_levels = MakeTwoLevelCommunicator(engine, world, "world", job);
  if (hierarchy == Hierarchy::kTwoLevel) return two_levels;
  const double one = AllReduceProbeSeconds(*flat), two = AllReduceProbeSeconds(*two_levels);
  if (world.rank == 0)
    LOG(INFO) << "all-reduce of 16 MiB: flat " << one << " s, in two levels " << two
              << " s; taking the faster";
  return two < one ? std::move(two_levels) : std::move(flat);
}

}  // namespace helio::cluster
