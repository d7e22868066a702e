#include "src/app/validation_of_run.h"

#include "src/train/averaged_view.h"
#include "src/train/validation_run.h"

namespace helio::app {

std::unique_ptr<ValidationOfRun> ValidationOfRun::Make(ValidatedRun run, BestWeights best) {
  auto validation = run.system.MakeValidation();
  if (!validation) return nullptr;
  auto rows = run.data.RowsFor(*validation, run.system.Needs());
  if (rows.empty()) {
    if (run.communicator.rank() == 0)
      LOG(INFO) << "held-out pictures without counterparts of the same name: no scores";
    return nullptr;
  }
  return std::unique_ptr<ValidationOfRun>(
      new ValidationOfRun(std::move(run), std::move(validation), std::move(rows), std::move(best)));
}

void ValidationOfRun::GoOnAt(int64_t step) {
  if (is_rank0()) best_.GoOnAt(step);
}

std::vector<recipes::ValidationScore> ValidationOfRun::Evaluate(int64_t step) {
  const auto& options = run_.options;
  const train::AveragedView averages(run_.system, run_.trainer, {});
  const auto scores = train::RunValidation(
      *validation_, rows_, {.images = options.evaluate_images, .seed = options.seed, .dtype = options.dtype},
      run_.communicator);
  if (!is_rank0()) return scores;
  for (const auto& score : scores)
    if (!score.concern.empty()) LOG(WARNING) << score.concern;
  best_.Offer(scores.front(), validation_->higher_is_better(), step,
              recipes::TensorsOf(run_.system, recipes::Role::kTrained), run_.metadata);
  return scores;
}

}  // namespace helio::app
