#include "src/app/pictures_of_run.h"

#include <cstdio>
#include <filesystem>

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"
#include "src/app/picture_progress.h"
#include "src/app/training_checks.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/log.h"
#include "src/base/random.h"
#include "src/eval/evaluation.h"
#include "src/eval/evaluators.h"
#include "src/eval/png_writer.h"
#include "src/eval/samples.h"
#include "src/eval/translations.h"
#include "src/train/run_layout.h"

namespace helio::app {
namespace {

// Below `folder`, which is made.
std::filesystem::path FileOfStep(const std::filesystem::path& folder, int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "step-%07lld.png", static_cast<long long>(step));
  MakeFolders(folder);
  return folder / name;
}

std::string TitleOf(const TrainingOptions& options, int64_t step) {
  return options.run.recipe + ", step " + std::to_string(step);
}

// Of captions.
class DrawnPictures : public PicturesOfRun {
 public:
  DrawnPictures(const PictureSources& sources, std::unique_ptr<recipes::Drawer> drawer)
      : system_(sources.system),
        drawer_(std::move(drawer)),
        trainer_(sources.trainer),
        data_(sources.data),
        options_(sources.options),
        needs_(sources.system.Needs().at(0)) {}

  NamedTensors AverageBuffers() override { return Averages().Buffers(); }
  void DrawSamples(int64_t step) override;
  std::vector<recipes::ValidationScore> Evaluate(const recipes::PretrainedWeights& weights,
                                                 cluster::Communicator& communicator) override;
  std::vector<std::string> ScoreNames(const recipes::PretrainedWeights& weights) const override {
    const auto& run = options_.run;
    return eval::ScoreNames(weights, data_.test(), run.evaluate_distances, run.evaluate_images);
  }

 private:
  train::AveragedView Averages();
  void Reestimate();

  const recipes::System& system_;
  const std::unique_ptr<recipes::Drawer> drawer_;
  train::Trainer& trainer_;
  const TrainingData& data_;
  const TrainingOptions& options_;
  const dataio::DomainNeeds needs_;  // of the main data set
};

train::AveragedView DrawnPictures::Averages() {
  const bool reestimate = options_.run.ema_batch_norm == AveragedStatistics::kReestimated;
  return {system_, trainer_, reestimate ? [this] { Reestimate(); } : std::function<void()>()};
}

void DrawnPictures::Reestimate() {
  constexpr int64_t kBatches = 20, kRows = 64;
  const auto& train = data_.train();
  const uint64_t seed = options_.run.seed;
  std::vector<recipes::Prompt> prompts;
  const auto draws = dataio::EvaluationDraws(train, kBatches * kRows, needs_.words, seed);
  for (int64_t i = 0; i < kBatches; ++i) {
    const auto part = std::span(draws).subspan(static_cast<size_t>(i * kRows), kRows);
    prompts.push_back(recipes::PromptOf(dataio::EvaluationText(train, part, needs_, seed)));
  }
  drawer_->ReestimateStatistics(prompts, RandomKey(seed, "estimate"));
}

void DrawnPictures::DrawSamples(int64_t step) {
  const auto averages = Averages();
  const eval::DrawnSamples samples(*drawer_, data_.test(), needs_,
                                   {.seed = options_.run.seed, .title = TitleOf(options_, step)});
  const auto folder = train::SamplesOf(options_.session.out);
  samples.WriteGrid(FileOfStep(folder, step));
  if (samples.have_attention()) samples.WriteAttention(FileOfStep(folder / "attention", step));
}

std::vector<recipes::ValidationScore> DrawnPictures::Evaluate(const recipes::PretrainedWeights& weights,
                                                              cluster::Communicator& communicator) {
  const auto averages = Averages();
  const auto judges =
      eval::MakeJudges(options_.judges, weights, data_.test(),
                       {.device = communicator.world().device, .distances = options_.run.evaluate_distances});
  const eval::EvaluationTask task{judges,
                                  data_.test(),
                                  needs_,
                                  {.images = options_.run.evaluate_images,
                                   .seed = options_.run.seed,
                                   .progress = PictureProgress("drawn pictures", communicator.rank()),
                                   .absent =
                                       [&](const std::string& name, const std::string& reason) {
                                         if (communicator.rank() == 0)
                                           LOG(WARNING) << "no " << name << ": " << reason;
                                       }},
                                  communicator};
  return eval::ValidationScores(eval::EvaluateGenerator(*drawer_, task));
}

// Of held-out pictures in every direction; both generators hold their averages meanwhile.
class TranslatedPictures : public PicturesOfRun {
 public:
  TranslatedPictures(const PictureSources& sources, std::unique_ptr<recipes::Translator> translator)
      : sources_(sources),
        translator_(std::move(translator)),
        needs_(sources.system.Needs()),
        sets_(sources.data.HeldOutRows(needs_)) {}

  NamedTensors AverageBuffers() override { return Averages().Buffers(); }
  void DrawSamples(int64_t step) override;
  std::vector<recipes::ValidationScore> Evaluate(const recipes::PretrainedWeights&,
                                                 cluster::Communicator&) override {
    return {};
  }
  std::vector<std::string> ScoreNames(const recipes::PretrainedWeights&) const override { return {}; }

 private:
  train::AveragedView Averages() { return {sources_.system, sources_.trainer, {}}; }
  std::vector<std::string> NamesOf(const dataio::Domain& domain, const dataio::Dataset& set) const {
    std::vector<std::string> names;
    for (const int64_t row : domain.records) names.push_back(set.Id(row));
    return names;
  }

  const PictureSources sources_;
  const std::unique_ptr<recipes::Translator> translator_;
  const std::vector<dataio::DomainNeeds> needs_;
  const std::vector<dataio::HeldOut> sets_;
};

void TranslatedPictures::DrawSamples(int64_t step) {
  constexpr int64_t kCount = 6;  // in each direction
  const uint64_t key = RandomKey(sources_.options.run.seed, "sample_grid");
  const auto averages = Averages();
  const auto draws = dataio::EvaluationDraws(*sets_[0].dataset, kCount, needs_[0].words, key);
  auto batch = dataio::HeldOutBatch(sets_, draws, key);
  dataio::Upload(batch, needs_, torch::kCPU, torch::kFloat32);
  const bool known = dataio::HaveCounterparts(sets_);
  std::vector<eval::TranslatedPicture> pictures;
  for (const auto& direction : translator_->directions()) {
    const auto& from = batch.domains.at(direction.from);
    const auto truth = known ? batch.domains.at(direction.to).images.back() : torch::Tensor();
    for (auto& one : eval::Translated(*translator_, direction, NamesOf(from, *sets_[direction.from].dataset),
                                      from.images.back(), truth))
      pictures.push_back(std::move(one));
  }
  eval::WritePng(FileOfStep(train::SamplesOf(sources_.options.session.out), step),
                 eval::DrawTranslations(pictures, TitleOf(sources_.options, step)));
}

}  // namespace

std::unique_ptr<PicturesOfRun> MakePicturesOfRun(const PictureSources& sources,
                                                 const recipes::PretrainedWeights& weights) {
  const auto& options = sources.options;
  if (auto translator = sources.system.MakeTranslator())
    return std::make_unique<TranslatedPictures>(sources, std::move(translator));
  auto drawer = sources.system.MakeDrawer();
  if (!drawer) return nullptr;
  if (options.run.evaluate_distances.any() && weights.Of("classifier").empty())
    ThrowUser("compare the features of a classifier", "--evaluate_fid, --evaluate_kid, --evaluate_prdc",
              "name its weights with --classifier");
  if (options.session.evaluate_every > 0 && !weights.Of("damsm").empty())
    CheckEvaluation(sources.data.test(), options.run, options.run.evaluate_images, "evaluate_images");
  return std::make_unique<DrawnPictures>(sources, std::move(drawer));
}

}  // namespace helio::app
