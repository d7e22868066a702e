#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cluster/communicator.h"

// What every communicator must do, as checks that each rank runs: over thread ranks in unit tests, over MPI
// and NCCL under mpirun. They report through gtest's EXPECT.
namespace helio::testing {

struct Check {
  std::string name;
  std::function<void(cluster::Communicator&)> run;
};

const std::vector<Check>& CommunicatorChecks();  // the communicator itself
const std::vector<Check>& ReducerChecks();       // what is built on it: reducer, global batch, start-up check
inline std::vector<Check> AllChecks() {
  auto checks = CommunicatorChecks();
  checks.insert(checks.end(), ReducerChecks().begin(), ReducerChecks().end());
  return checks;
}

}  // namespace helio::testing
