#include "src/app/training_program.h"

#include <iostream>

#include "cluster/consistency.h"
#include "src/app/best_weights.h"
#include "src/app/main.h"
#include "src/app/run_exporter.h"
#include "src/app/run_pictures.h"
#include "src/app/training_checks.h"
#include "src/app/training_flags.h"
#include "src/app/training_structs.h"
#include "src/app/trial_steps.h"
#include "src/app/version.h"
#include "src/base/safetensors.h"
#include "src/recipes/registry.h"
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
    auto facts = FactsOf(*system_, trainer_, options_, train_, communicator_.world());
    facts.steps = steps_;
    facts.steps_per_epoch = steps_per_epoch_;
    if (first()) facts.resume_step = StepToResume(Identity());
    facts.trial_two = BytesOfTrialStep(trainer_, options_, train_, communicator_, 2);
    facts.trial_four = BytesOfTrialStep(trainer_, options_, train_, communicator_, 4);
    if (first()) std::cout << DryRunText(facts) << std::flush;
    return 0;
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
      pictures_ = std::make_unique<RunPictures>(*system_, *drawer_, trainer_, train_, test_, options_);
      hooks.average_buffers = [this] { return pictures_->AverageBuffers(); };
      hooks.draw_samples = [this](int64_t step) { pictures_->DrawSamples(step); };
      if (FLAGS_evaluate_every > 0)
        hooks.evaluate = [this](int64_t) { return pictures_->Evaluate(weights_, communicator_); };
    }
    if (validation_) {
      best_ = std::make_unique<BestWeights>(fs::path(FLAGS_out) / "best.safetensors", FLAGS_resume == "none");
      hooks.evaluate = [this](int64_t step) { return Validate(step); };
    }
    return hooks;
  }

  std::function<dataio::Batch()> OpenLoader(int64_t start) {
    loader_ = std::make_unique<dataio::Loader>(train_, LoaderFlags(options_, communicator_.world()),
                                               start * FLAGS_accumulate);
    return [this] { return Fetch(*loader_, options_, communicator_.world()); };
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
  std::unique_ptr<RunPictures> pictures_;
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
