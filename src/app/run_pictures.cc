#include "src/app/run_pictures.h"

#include <cstdio>
#include <filesystem>

#include "dataio/evaluation_rows.h"
#include "src/base/random.h"
#include "src/eval/evaluation.h"
#include "src/eval/samples.h"

namespace helio::app {

RunPictures::RunPictures(const recipes::System& system, recipes::Drawer& drawer, train::Trainer& trainer,
                         const TrainingData& data, const TrainingOptions& options)
    : system_(system),
      drawer_(drawer),
      trainer_(trainer),
      data_(data),
      options_(options),
      needs_(system.Needs().at(0)) {}

NamedTensors RunPictures::AverageBuffers() { return Averages().Buffers(); }

train::AveragedView RunPictures::Averages() {
  const bool reestimate = options_.run.ema_batch_norm == "reestimated";
  return {system_, trainer_, reestimate ? [this] { Reestimate(); } : std::function<void()>()};
}

void RunPictures::Reestimate() {
  constexpr int64_t kBatches = 20, kRows = 64;
  const auto& train = data_.train();
  const uint64_t seed = options_.run.seed;
  std::vector<recipes::Prompt> prompts;
  const auto draws = dataio::EvaluationDraws(train, kBatches * kRows, needs_.words, seed);
  for (int64_t i = 0; i < kBatches; ++i) {
    const auto part = std::span(draws).subspan(static_cast<size_t>(i * kRows), kRows);
    prompts.push_back(recipes::PromptOf(dataio::EvaluationText(train, part, needs_, seed)));
  }
  drawer_.ReestimateStatistics(prompts, RandomKey(seed, "estimate"));
}

void RunPictures::DrawSamples(int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "samples/step-%07lld.png", static_cast<long long>(step));
  const auto path = options_.session.out / name;
  std::filesystem::create_directories(path.parent_path());
  const auto averages = Averages();
  const auto title = options_.run.recipe + ", step " + std::to_string(step);
  eval::WriteSampleGrid(drawer_, data_.test(), needs_, {.seed = options_.run.seed, .title = title}, path);
}

std::vector<recipes::ValidationScore> RunPictures::Evaluate(const recipes::PretrainedWeights& weights,
                                                            cluster::Communicator& communicator) {
  const auto averages = Averages();
  const auto judges =
      eval::MakeJudges(options_.judges, weights, data_.test(), {.device = communicator.world().device});
  return eval::ValidationScores(eval::EvaluateGenerator(drawer_, judges, data_.test(), needs_,
                                                        {options_.run.evaluate_images, options_.run.seed},
                                                        communicator));
}

}  // namespace helio::app
