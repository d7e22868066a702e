// What scores of many pictures take with Inception's 2,048 features: scores_bench [PICTURES]. Streams seeded
// features of both sides in chunks of 64, as helio-eval does, and finishes FID and KID. Prints seconds; the
// process's peak memory is the caller's to read.
#include <chrono>
#include <iostream>

#include "cluster/solo_communicator.h"
#include "src/base/seconds.h"
#include "src/eval/feature_distances.h"
#include "src/eval/gather_partial.h"

namespace helio::eval {
namespace {

constexpr int64_t kChunk = 64, kFeatures = 2048;

void Measure(int64_t pictures) {
  torch::manual_seed(1);
  const auto start = std::chrono::steady_clock::now();
  FeatureDistances distances("features", [](const torch::Tensor& x) { return x; },
                             {.choice = {.fid = true, .kid = true}});
  for (int64_t first = 0; first < pictures; first += kChunk) {
    const int64_t rows = std::min(kChunk, pictures - first);
    EvalBatch batch;
    batch.positions = torch::arange(first, first + rows);
    batch.images = torch::randn({rows, kFeatures});
    batch.real = torch::randn({rows, kFeatures});
    distances.Consume(batch);
  }
  const auto solo = cluster::MakeSoloCommunicator();
  for (const auto& score : distances.Finish(GatherPartial(distances.Partial(), *solo)))
    std::cout << score.name << " " << score.value << "\n";
  std::cout << pictures << " pictures: " << SecondsSince(start) << " s\n";
}

}  // namespace
}  // namespace helio::eval

int main(int argc, char** argv) {
  helio::eval::Measure(argc > 1 ? std::stoll(argv[1]) : 30000);
  return 0;
}
