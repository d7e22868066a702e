#pragma once
#include <functional>
#include <memory>
#include <string>

#include "cluster/communicator.h"
#include "cluster/device_choice.h"
#include "cluster/hierarchy.h"
#include "cluster/launch_environment.h"
#include "cluster/speaking_turn.h"
#include "src/base/option_list.h"

namespace helio::cluster {

struct LaunchOptions {
  WantedDevice device = WantedDevice::kAuto;
  int expect_world_size = 0;  // 0: any; else Error{kCluster} unless exactly this many ranks came up
  Hierarchy hierarchy = Hierarchy::kAuto;
  Deadlines deadlines;
  double heartbeat_seconds = 0.5;
  bool share_gpus = false;         // for tests, or HELIO_SHARE_GPUS=1: several ranks may use one GPU
  int pretend_ranks_per_host = 0;  // > 0, for tests: as if that many ranks shared each host

  void Declare(OptionList& list);
};

// MPI's lifetime and this rank's communicator. Ranks, local ranks and hosts come from MPI itself, so mpirun,
// srun and MPIJob need no further variables; a process that no launcher started is a world of one and never
// starts MPI. Create one, in main, before any other thread; destroy it last. Construction is collective.
class Launch {
 public:
  // Throws Error{kCluster} when the world has not the expected size or a rank does not come within
  // deadlines.first_seconds, Error{kUser} as CheckDevices does; all ranks alike.
  explicit Launch(const LaunchOptions& options);
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;
  ~Launch();  // does not communicate

  const World& world() const;
  Communicator& communicator();  // of all ranks: mpi (CPU tensors), nccl (CUDA and CPU tensors) or solo

  // Runs `body`. An exception on any rank takes the job down at once: it is logged on the rank where it
  // happened (on the lowest, if it happened on several), the other ranks are stopped, and every process ends
  // with the error's exit code. In a world of one the exception simply passes. After an orderly return on all
  // ranks MPI is left; the communicator and those split from it must not be used any more.
  int Run(const std::function<int()>& body);

 private:
  void Fail(const std::string& cause, int exit_code);

  struct State;
  std::unique_ptr<State> state_;
};

// Where a program of one process computes. Throws Error{kUser} as CheckDevices.
c10::Device DeviceAlone(WantedDevice wanted);

}  // namespace helio::cluster
