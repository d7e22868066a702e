#include "src/app/training_program.h"

#include <iostream>

#include "cluster/consistency.h"
#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"
#include "src/app/allocation_peak.h"
#include "src/app/best_weights.h"
#include "src/app/dry_run.h"
#include "src/app/main.h"
#include "src/app/run_exporter.h"
#include "src/app/training_checks.h"
#include "src/app/training_flags.h"
#include "src/app/training_structs.h"
#include "src/app/version.h"
#include "src/base/random.h"
#include "src/base/safetensors.h"
#include "src/eval/evaluation.h"
#include "src/eval/samples.h"
#include "src/train/averaged_view.h"
#include "src/train/stop_signal.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;
using recipes::Role;
using recipes::TensorsOf;

int64_t StepsFlag(int64_t steps_per_epoch) {
  return FLAGS_steps > 0 ? FLAGS_steps
                         : static_cast<int64_t>(FLAGS_epochs * static_cast<double>(steps_per_epoch));
}

int64_t BytesOf(const NamedTensors& tensors) {
  int64_t bytes = 0;
  for (const auto& entry : tensors) bytes += static_cast<int64_t>(entry.second.nbytes());
  return bytes;
}

std::unique_ptr<recipes::System> MakeSystemOnHost(const recipes::RecipeOptions& options,
                                                  const recipes::Surroundings& surroundings) {
  torch::set_default_dtype(caffe2::scalarTypeToTypeMeta(DtypeFlag()));
  return recipes::MakeSystem(FLAGS_recipe, options, surroundings);
}

// Everything that a training run is made of, in order of construction.
class TrainingProgram {
 public:
  explicit TrainingProgram(cluster::Communicator& communicator)
      : communicator_(communicator),
        train_(FLAGS_data, "train"),
        test_(FLAGS_data, "test"),
        options_(OptionsFor(train_)),
        weights_(PretrainedFlags(train_.vocabulary())),
        batch_(BatchNormFlag(communicator)),
        negatives_(NegativesFlag(communicator)),
        system_(MakeSystemOnHost(options_, {*batch_, *negatives_, FLAGS_seed, weights_})),
        trainer_(*system_, communicator, TrainerFlags()),
        drawer_(system_->MakeDrawer()),
        validation_(system_->MakeValidation()),
        steps_per_epoch_(train_.size() / FLAGS_batch),
        steps_(StepsFlag(steps_per_epoch_)) {
    trainer_.ResetAverages();
    if (FLAGS_evaluate_every > 0 && drawer_ && !weights_.Of("damsm").empty())
      CheckEvaluation(test_, FLAGS_evaluate_images, "evaluate_images");
  }

  int Run() {
    RunExporter exporter(registry_, communicator_);
    Announce();
    if (FLAGS_dry_run) return DryRun();
    train::TrainingMetrics metrics(registry_, {.recipe = FLAGS_recipe,
                                               .version = Version(),
                                               .revision = Revision(),
                                               .world_size = communicator_.size(),
                                               .total_steps = steps_,
                                               .device = communicator_.world().device});
    train::Session session(*system_, trainer_, communicator_, metrics, SessionOptions(), Hooks());
    const int code = session.Run();
    exporter.EndInOrder(code == 0);
    return code;
  }

 private:
  bool first() const { return communicator_.rank() == 0; }

  void Announce() const {
    if (!first()) return;
    int64_t parameters = 0;
    for (const auto& entry : TensorsOf(*system_, Role::kTrained)) parameters += entry.second.numel();
    LOG(INFO) << FLAGS_recipe << " on " << communicator_.size() << " ranks (" << communicator_.world().device
              << ", " << at::get_num_threads() << " threads each), " << static_cast<double>(parameters) / 1e6
              << " M parameters and buffers; " << train_.size() << " training rows, " << steps_
              << " steps of " << FLAGS_batch << " images, " << steps_per_epoch_ << " steps an epoch";
  }

  int DryRun() {
    DryRunFacts facts;
    facts.device = communicator_.world().device.str();
    facts.flagfile = FlagsAsFlagfile({"dry_run"});
    facts.ranks = communicator_.size();
    facts.rows = train_.size();
    facts.batch = FLAGS_batch;
    facts.accumulate = FLAGS_accumulate;
    facts.steps = steps_;
    facts.steps_per_epoch = steps_per_epoch_;
    facts.trained = BytesOf(TensorsOf(*system_, Role::kTrained));
    facts.frozen = BytesOf(TensorsOf(*system_, Role::kFrozen));
    facts.averages = BytesOf(trainer_.AverageState());
    for (const int64_t side : options_.sides()) facts.cached += 3 * side * side;
    facts.pixels = facts.cached * static_cast<int64_t>(c10::elementSize(DtypeFlag()));
    facts.prefetch = FLAGS_prefetch;
    facts.shard_optimizer = FLAGS_shard_optimizer;
    if (first()) facts.resume_step = StepToResume();
    facts.trial_two = BytesOfStep(2);
    facts.trial_four = BytesOfStep(4);
    if (first()) std::cout << DryRunText(facts) << std::flush;
    return 0;
  }

  // Where the run would begin; reads and checks the whole checkpoint, throws as the run itself would.
  int64_t StepToResume() const {
    const auto snapshot = train::FindCheckpoint(fs::path(FLAGS_out) / "checkpoints", FLAGS_resume);
    if (!snapshot) return 0;
    train::CheckIdentity(*snapshot, Identity(), FLAGS_resume_override, FLAGS_out);
    return snapshot->step;
  }

  // The memory that a step with that many rows a rank takes for a while. Changes the weights.
  int64_t BytesOfStep(int64_t rows) {
    auto options = LoaderFlags(options_, communicator_.world());
    options.global_batch = rows * communicator_.size();
    dataio::Loader loader(train_, options, 0);
    const std::vector<dataio::Batch> batches(static_cast<size_t>(FLAGS_accumulate), Fetch(loader));
    const recipes::StepContext context{
        .seed = FLAGS_seed, .device = communicator_.world().device, .dtype = DtypeFlag()};
    communicator_.BeginStep(0);
    const AllocationPeak peak;
    trainer_.Step(batches, context, 0);
    return peak.bytes();
  }

  train::RunIdentity Identity() const {
    return {TrainingIdentity(), train_.digest(), train_.vocabulary().Digest(),
            cluster::WeightsDigest(TensorsOf(*system_, Role::kFrozen))};
  }

  train::SessionOptions SessionOptions() const {
    auto session = SessionFlags();
    session.steps = steps_;
    session.steps_per_epoch = steps_per_epoch_;
    session.identity = Identity();
    session.texts = {{"run.flags", FlagsAsFlagfile()}, {"vocabulary.json", train_.vocabulary().ToJson()}};
    return session;
  }

  train::SessionHooks Hooks() {
    train::SessionHooks hooks;
    hooks.open_loader = [this](int64_t start) { return OpenLoader(start); };
    hooks.started = [this] { SaveFrozen(); };
    if (drawer_) {
      hooks.average_buffers = [this] { return Averages().Buffers(); };
      hooks.draw_samples = [this](int64_t step) { DrawSamples(step); };
      if (FLAGS_evaluate_every > 0) hooks.evaluate = [this](int64_t) { return EvaluatePictures(); };
    }
    if (validation_) {
      best_ = std::make_unique<BestWeights>(fs::path(FLAGS_out) / "best.safetensors", FLAGS_resume == "none");
      hooks.evaluate = [this](int64_t step) { return Validate(step); };
    }
    return hooks;
  }

  dataio::Batch Fetch(dataio::Loader& loader) const {
    dataio::Batch batch = loader.Next();
    dataio::Upload(batch, options_.sides(), communicator_.world().device, DtypeFlag());
    return batch;
  }

  std::function<dataio::Batch()> OpenLoader(int64_t start) {
    loader_ = std::make_unique<dataio::Loader>(train_, LoaderFlags(options_, communicator_.world()),
                                               start * FLAGS_accumulate);
    return [this] { return Fetch(*loader_); };
  }

  std::vector<recipes::ValidationScore> Validate(int64_t step) {
    const auto& rows = validation_->on_training_rows() ? train_ : test_;
    const auto scores = train::RunValidation(*validation_, rows, options_, ValidationFlags(), communicator_);
    if (!first()) return scores;
    for (const auto& score : scores)
      if (!score.concern.empty()) LOG(WARNING) << score.concern;
    best_->Offer(scores.front(), validation_->higher_is_better(), step, TensorsOf(*system_, Role::kTrained),
                 Metadata());
    return scores;
  }

  std::map<std::string, std::string> Metadata() const {
    return {{"recipe", FLAGS_recipe},
            {"vocabulary", train_.vocabulary().Digest()},
            {"flags", TrainingIdentity()},
            {"version", Version()}};
  }

  train::AveragedView Averages() {
    const bool reestimate = FLAGS_ema_batch_norm == "reestimated";
    return {*system_, trainer_, reestimate ? [this] { Reestimate(); } : std::function<void()>()};
  }

  void Reestimate() {
    constexpr int64_t kBatches = 20, kRows = 64;
    std::vector<recipes::Prompt> prompts;
    const auto draws = dataio::EvaluationDraws(train_, kBatches * kRows, options_.words, FLAGS_seed);
    for (int64_t i = 0; i < kBatches; ++i) {
      const auto part = std::span(draws).subspan(static_cast<size_t>(i * kRows), kRows);
      const auto [captions, lengths] = dataio::EvaluationCaptions(train_, part, options_.words, FLAGS_seed);
      prompts.push_back({captions, lengths});
    }
    drawer_->ReestimateStatistics(prompts, RandomKey(FLAGS_seed, "estimate"));
  }

  void DrawSamples(int64_t step) {
    char name[64];
    std::snprintf(name, sizeof name, "samples/step-%07lld.png", static_cast<long long>(step));
    const auto path = fs::path(FLAGS_out) / name;
    fs::create_directories(path.parent_path());
    const auto averages = Averages();
    eval::WriteSampleGrid(*drawer_, test_, options_,
                          {.seed = FLAGS_seed, .title = FLAGS_recipe + ", step " + std::to_string(step)},
                          path);
  }

  std::vector<recipes::ValidationScore> EvaluatePictures() {
    const auto averages = Averages();
    const auto judges = eval::MakeJudges(options_, weights_, test_, {.device = communicator_.world().device});
    return eval::ValidationScores(eval::EvaluateGenerator(
        *drawer_, judges, test_, options_, {FLAGS_evaluate_images, FLAGS_seed}, communicator_));
  }

  void SaveFrozen() const {
    if (const auto frozen = TensorsOf(*system_, Role::kFrozen); !frozen.empty())
      WriteSafeTensors(fs::path(FLAGS_out) / "frozen.safetensors", frozen, Metadata());
  }

  cluster::Communicator& communicator_;
  const dataio::Dataset train_, test_;
  const recipes::RecipeOptions options_;
  const recipes::PretrainedWeights weights_;
  const std::unique_ptr<GlobalBatch> batch_, negatives_;
  const std::unique_ptr<recipes::System> system_;
  train::Trainer trainer_;
  const std::unique_ptr<recipes::Drawer> drawer_;          // of systems that draw
  const std::unique_ptr<recipes::Validation> validation_;  // of systems that have one
  const int64_t steps_per_epoch_, steps_;
  cluster::MetricRegistry registry_;
  std::unique_ptr<dataio::Loader> loader_;
  std::unique_ptr<BestWeights> best_;
};

}  // namespace

int RunTraining(recipes::Program program) {
  CheckFlags(recipes::SystemNames(program));
  train::InstallStopSignals();
  cluster::Launch launch(LaunchFlags());
  StartLogging(FLAGS_recipe.c_str(), launch.world().rank, launch.world().size);
  return launch.Run([&] {
    CheckRanks(launch.world());
    UseThreads(launch.communicator());
    return TrainingProgram(launch.communicator()).Run();
  });
}

}  // namespace helio::app
