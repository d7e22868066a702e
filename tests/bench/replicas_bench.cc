// What a check that all ranks hold the same weights (--check_weights_every) costs a rank, on 2 ranks that are
// threads: replicas_bench [MILLION_NUMBERS, default 1.5] [CHECKS, default 200]. In tensors of 10,000 numbers.
#include <iostream>

#include "cluster/replicas.h"
#include "cluster/thread_communicator.h"
#include "src/base/seconds.h"

namespace helio::cluster {
namespace {

double SecondsOfACheck(Communicator& communicator, int64_t tensors, int checks) {
  std::vector<Replica> replicas;
  for (int64_t i = 0; i < tensors; ++i)
    replicas.push_back({"part", std::to_string(i), torch::full({10'000}, static_cast<double>(i))});
  CheckReplicas(communicator, replicas, "bench");
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < checks; ++i) CheckReplicas(communicator, replicas, "bench");
  return SecondsSince(start) / checks;
}

int Run(double millions, int checks) {
  RunThreadRanks(2, [&](Communicator& communicator) {
    const double seconds = SecondsOfACheck(communicator, static_cast<int64_t>(millions * 100), checks);
    if (communicator.rank() == 0)
      std::cout << 1000 * seconds << " ms a check of " << millions << " million numbers\n";
  });
  return 0;
}

}  // namespace
}  // namespace helio::cluster

int main(int argc, char** argv) {
  return helio::cluster::Run(argc > 1 ? std::atof(argv[1]) : 1.5, argc > 2 ? std::atoi(argv[2]) : 200);
}
