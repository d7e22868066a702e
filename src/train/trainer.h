#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "cluster/flat_adam.h"
#include "cluster/gradient_reducer.h"
#include "cluster/parameter_group.h"
#include "src/recipes/recipe.h"

namespace helio::train {

struct TrainerOptions {
  double bucket_mb = 25;
  bool bfloat16_wire = false;
};

// What one step did. Scalars stay on the device until somebody reads them.
struct StepReport {
  struct Term {
    std::string phase, name;
    torch::Tensor value;  // scalar, this rank's part: the mean over ranks is the loss
  };
  struct Norm {
    std::string phase;
    double value;  // L2 norm of the phase's reduced gradient, before clipping
  };
  std::vector<Term> terms;
  std::vector<Norm> norms;
  int skipped = 0;  // phases whose gradient was not finite: their update did not happen, on any rank
  std::vector<std::pair<std::string, double>> seconds;  // by part: prepare, a phase's name, wait, update
};

// Plays a recipe's game: per round, each phase's backward with its all-reduce under the next phase's compute,
// then all updates. Every member is collective. One thread.
class Trainer {
 public:
  Trainer(recipes::Recipe& recipe, cluster::Communicator& communicator, const TrainerOptions& options);
  ~Trainer();

  // `rate_factor` scales every phase's learning rate.
  StepReport Step(const dataio::Batch& batch, const recipes::StepContext& context, double rate_factor);

  // Moments and step counts of all phases, by parameter name; views.
  NamedTensors OptimizerState() const;
  // Moving averages, by parameter name; views. Only of phases that have one.
  NamedTensors AverageState() const;

  // Sets the moving averages to the parameters: at the start of a run, after the initial weights are the same
  // everywhere.
  void ResetAverages();

  // While it lives, the parameters that have a moving average hold it.
  class [[nodiscard]] UseAverages {
   public:
    explicit UseAverages(Trainer& trainer);
    UseAverages(const UseAverages&) = delete;
    UseAverages& operator=(const UseAverages&) = delete;
    ~UseAverages();

   private:
    Trainer& trainer_;
  };

 private:
  struct Player;
  using Players = std::vector<std::unique_ptr<Player>>;

  std::vector<recipes::LossTerms> EarlyLosses(const Players& players, StepReport& report);
  void Backward(Player& player, recipes::LossTerms early, StepReport& report);
  void Update(Player& player, double rate_factor, StepReport& report);
  void Clip(Player& player, double norm);
  void SwapAverages();

  recipes::Recipe& recipe_;
  std::vector<Players> rounds_;
};

}  // namespace helio::train
