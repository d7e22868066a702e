#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "src/app/best_weights.h"
#include "src/app/training_data.h"
#include "src/app/training_options.h"
#include "src/recipes/registry.h"

namespace helio::app {

// The run that is validated. All but `metadata` outlive its validation.
struct ValidatedRun {
  recipes::System& system;
  train::Trainer& trainer;
  const TrainingData& data;
  const RunOptions& options;
  cluster::Communicator& communicator;
  std::map<std::string, std::string> metadata;  // of the file of the best weights
};

// What a run is judged by where its system has a Validation: the scores, and the weights that had the best.
class ValidationOfRun {
 public:
  // Null for a system without a Validation, and for one that asks for counterparts which the data do not have
  // (rank 0 says so in the log).
  static std::unique_ptr<ValidationOfRun> Make(ValidatedRun run, BestWeights best);

  std::vector<std::string> score_names() const { return validation_->names(); }  // in order
  // The run goes on at `step`: as BestWeights, on rank 0. Local.
  void GoOnAt(int64_t step);
  // Of the averaged weights. Rank 0 warns of what is wrong with a score, and writes the weights if they are
  // the best so far. Collective; the same scores on every rank.
  std::vector<recipes::ValidationScore> Evaluate(int64_t step);

 private:
  ValidationOfRun(ValidatedRun run, std::unique_ptr<recipes::Validation> validation,
                  std::vector<dataio::HeldOut> rows, BestWeights best)
      : run_(std::move(run)),
        validation_(std::move(validation)),
        rows_(std::move(rows)),
        best_(std::move(best)) {}
  bool is_rank0() const { return run_.communicator.rank() == 0; }

  const ValidatedRun run_;
  const std::unique_ptr<recipes::Validation> validation_;
  const std::vector<dataio::HeldOut> rows_;
  BestWeights best_;  // rank 0
};

}  // namespace helio::app
