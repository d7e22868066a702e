#pragma once
#include <optional>

namespace helio::cluster {

// True if a launcher (mpirun, srun, MPIJob, ...) started this process as part of a job.
bool StartedByLauncher();

// The rank that the launcher gave this process, as its environment says; 0 without one. For messages before
// MPI is up.
int LauncherRank();

// The processors that a Slurm job asked for each of its tasks (--cpus-per-task); nothing where it did not.
// Not every cluster binds tasks to them.
std::optional<int> SlurmCpusPerTask();

}  // namespace helio::cluster
