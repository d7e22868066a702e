#pragma once
#include "cluster/communicator.h"
#include "src/base/tensor.h"
#include "src/recipes/registry.h"
#include "src/train/trainer.h"
#include "tests/support/default_dtype.h"

// A recipe of tiny networks on made-up batches, played by the real trainer on thread ranks.
namespace helio::testing {

constexpr int64_t kToyBatch = 6;

// Tiny networks; names that a system does not read are passed over.
OptionValues ToyOptions();

// What the made-up data is like.
struct ToySizes {
  int64_t rows = kToyBatch, words = 5, vocabulary = 20, embedding = 7, points = 4;
};
recipes::DataFacts ToyFacts(const ToySizes& sizes = {});

// The rows of made-up global batch number `index` that a rank holds: a domain for each of the needs.
dataio::Batch ToyBatch(int64_t index, const RowRange& rows, torch::Dtype dtype,
                       const std::vector<dataio::DomainNeeds>& needs, const ToySizes& sizes = {});

// One rank's system and trainer. Construction is collective.
class ToyTraining {
 public:
  ToyTraining(const std::string& recipe, cluster::Communicator& communicator,
              const train::TrainerOptions& options, const OptionValues& values = ToyOptions(),
              const ToySizes& sizes = {});
  ToyTraining(const ToyTraining&) = delete;
  ToyTraining& operator=(const ToyTraining&) = delete;

  // Step number `step` on global batches [first, first + accumulate); the losses, means over the ranks.
  std::vector<double> Step(int64_t step, int64_t first, double rate_factor = 1, uint64_t seed = 5);

  recipes::System& system() { return *system_; }
  train::Trainer& trainer() { return *trainer_; }
  // Copies of weights, buffers, memory and averages.
  NamedTensors State() const;

 private:
  cluster::Communicator& communicator_;
  const ToySizes sizes_;
  const std::unique_ptr<GlobalBatch> norm_scope_, loss_scope_;
  std::unique_ptr<recipes::System> system_;
  std::unique_ptr<train::Trainer> trainer_;
};

struct Outcome {
  std::vector<double> losses;  // mean over ranks, step by step
  NamedTensors state;
};

// `steps` steps on `ranks` thread ranks; what rank 0 has in the end.
Outcome PlayToy(const std::string& recipe, int ranks, int64_t steps, const train::TrainerOptions& options);

// |a - b| / max(floor, |b|), L2 norms.
double Distance(const torch::Tensor& a, const torch::Tensor& b, double floor = 1e-3);

// Losses and states agree to `tolerance` (relative).
void ExpectSame(const Outcome& got, const Outcome& expected, double tolerance, const std::string& what);

}  // namespace helio::testing
