#include "src/app/run_pictures.h"

#include <cstdio>
#include <filesystem>

#include "dataio/evaluation_rows.h"
#include "src/app/training_flags.h"
#include "src/base/random.h"
#include "src/eval/evaluation.h"
#include "src/eval/samples.h"

namespace helio::app {

RunPictures::RunPictures(const recipes::System& system, recipes::Drawer& drawer, train::Trainer& trainer,
                         const dataio::Dataset& train, const dataio::Dataset& test,
                         const recipes::RecipeOptions& options)
    : system_(system), drawer_(drawer), trainer_(trainer), train_(train), test_(test), options_(options) {}

NamedTensors RunPictures::AverageBuffers() { return Averages().Buffers(); }

train::AveragedView RunPictures::Averages() {
  const bool reestimate = FLAGS_ema_batch_norm == "reestimated";
  return {system_, trainer_, reestimate ? [this] { Reestimate(); } : std::function<void()>()};
}

void RunPictures::Reestimate() {
  constexpr int64_t kBatches = 20, kRows = 64;
  std::vector<recipes::Prompt> prompts;
  const auto draws = dataio::EvaluationDraws(train_, kBatches * kRows, options_.words, FLAGS_seed);
  for (int64_t i = 0; i < kBatches; ++i) {
    const auto part = std::span(draws).subspan(static_cast<size_t>(i * kRows), kRows);
    const auto [captions, lengths] = dataio::EvaluationCaptions(train_, part, options_.words, FLAGS_seed);
    prompts.push_back({captions, lengths});
  }
  drawer_.ReestimateStatistics(prompts, RandomKey(FLAGS_seed, "estimate"));
}

void RunPictures::DrawSamples(int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "samples/step-%07lld.png", static_cast<long long>(step));
  const auto path = std::filesystem::path(FLAGS_out) / name;
  std::filesystem::create_directories(path.parent_path());
  const auto averages = Averages();
  eval::WriteSampleGrid(drawer_, test_, options_,
                        {.seed = FLAGS_seed, .title = FLAGS_recipe + ", step " + std::to_string(step)}, path);
}

std::vector<recipes::ValidationScore> RunPictures::Evaluate(const recipes::PretrainedWeights& weights,
                                                            cluster::Communicator& communicator) {
  const auto averages = Averages();
  const auto judges = eval::MakeJudges(options_, weights, test_, {.device = communicator.world().device});
  return eval::ValidationScores(eval::EvaluateGenerator(drawer_, judges, test_, options_,
                                                        {FLAGS_evaluate_images, FLAGS_seed}, communicator));
}

}  // namespace helio::app
