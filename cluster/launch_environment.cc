#include "cluster/launch_environment.h"

#include <cstdlib>

namespace helio::cluster {

bool StartedByLauncher() {
  // What Open MPI, PMIx (srun --mpi=pmix), PMI-2 and MPICH's launchers set. Only "is there a launcher" is
  // read here; ranks come from MPI.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"})
    if (std::getenv(name)) return true;
  return false;
}

int LauncherRank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const char* rank = std::getenv(name)) return std::atoi(rank);
  return 0;
}

std::optional<int> SlurmCpusPerTask() {
  const char* cpus = std::getenv("SLURM_CPUS_PER_TASK");
  const int number = cpus ? std::atoi(cpus) : 0;
  return number > 0 ? std::optional(number) : std::nullopt;
}

}  // namespace helio::cluster
