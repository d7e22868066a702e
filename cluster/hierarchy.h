#pragma once
#include <memory>

#include "cluster/communicator.h"
#include "src/base/enum_names.h"

namespace helio::cluster {

class MpiEngine;

// --hierarchy: how CPU tensors are reduced over hosts.
enum class Hierarchy {
  kAuto,      // as is measured to be faster at start-up
  kFlat,      // among all ranks at once
  kTwoLevel,  // inside each host, then across, where every host has as many ranks (two or more)
};
inline constexpr Named<Hierarchy> kHierarchies[] = {
    {Hierarchy::kAuto, "auto"}, {Hierarchy::kFlat, "flat"}, {Hierarchy::kTwoLevel, "two_level"}};

// CPU tensors over MPI (mpi_communicator.h), all ranks. Collective.
std::unique_ptr<Communicator> MakeCpuCommunicator(Hierarchy hierarchy,
                                                  const std::shared_ptr<MpiEngine>& engine,
                                                  const World& world, const std::shared_ptr<JobState>& job);

}  // namespace helio::cluster
