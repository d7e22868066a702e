#pragma once

namespace helio::cluster {

// True if a launcher (mpirun, srun, MPIJob, ...) started this process as part of a job.
bool StartedByLauncher();

// The rank that the launcher gave this process, as its environment says; 0 without one. For messages before
// MPI is up.
int LauncherRank();

}  // namespace helio::cluster
