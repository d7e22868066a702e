#include "src/app/training_program.h"

#include <iostream>

#include "dataio/prefetcher.h"
#include "src/app/announcement.h"
#include "src/app/dry_run.h"
#include "src/app/main.h"
#include "src/app/pictures_of_run.h"
#include "src/app/pretrained_weights.h"
#include "src/app/run_exporter.h"
#include "src/app/run_setup.h"
#include "src/app/training_checks.h"
#include "src/app/training_data.h"
#include "src/app/validation_of_run.h"
#include "src/app/version.h"
#include "src/base/precision.h"
#include "src/base/safetensors.h"
#include "src/nn/weight_gradient.h"
#include "src/recipes/registry.h"
#include "src/train/checkpoint_files.h"
#include "src/train/run_layout.h"
#include "src/train/session.h"
#include "src/train/stop_signal.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;
using recipes::Role;
using recipes::TensorsOf;

// Everything that a training run is made of, in order of construction.
class TrainingProgram {
 public:
  TrainingProgram(const TrainingOptions& options, const ResolvedOptions& resolved,
                  cluster::Communicator& communicator)
      : options_(options),
        run_(options.run),
        out_(options.session.out),
        resolved_(resolved),
        communicator_(communicator),
        data_(run_.DataFolders()),
        weights_(ReadWeights(run_, data_.train().vocabulary())),
        norm_scope_(MakeBatch(run_.batch_norm, communicator)),
        loss_scope_(MakeBatch(run_.negatives, communicator)),
        system_(MadeSystem()),
        needs_(system_->Needs()),
        trainer_(*system_, communicator, options.trainer),
        length_(LengthOf(run_, data_.Rows(needs_))),
        identity_(Identity()),
        pictures_(MakePicturesOfRun({*system_, trainer_, data_, options}, weights_)),
        validation_(MadeValidation()),
        scores_(ScoreNames()) {
    data_.CheckHeldOut(needs_);
    trainer_.ResetAverages();
  }

  int Run() {
    CheckSameWeights(weights_, communicator_);
    CheckScores(options_.session, scores_, is_rank0());
    if (is_rank0()) Announce(options_, resolved_, *system_, data_, communicator_, length_);
    if (run_.dry_run) return DryRun();
    train::TrainingMetrics metrics(registry_, {.recipe = run_.recipe,
                                               .version = Version(),
                                               .revision = Revision(),
                                               .world_size = communicator_.size(),
                                               .total_steps = length_.steps,
                                               .device = communicator_.world().device});
    train::Session session(*system_, trainer_, communicator_, metrics, SessionOptions(), Hooks());
    RunExporter exporter(options_, registry_, communicator_);  // writes and pushes: the session has the lock
    const int code = session.Run();
    exporter.EndInOrder(code == 0);
    return code;
  }

 private:
  bool is_rank0() const { return communicator_.rank() == 0; }

  std::unique_ptr<recipes::System> MadeSystem() const {
    return MakeSystemOnHost(options_, {*norm_scope_, *loss_scope_, run_.seed, weights_, data_.Facts()});
  }

  int DryRun() {
    const auto facts =
        FindDryRunFacts({*system_, trainer_, data_, options_, resolved_, identity_, length_}, communicator_);
    if (is_rank0()) std::cout << DryRunText(facts) << std::flush;
    return 0;
  }

  train::RunIdentity Identity() const {
    return {ToFlagfile(resolved_.computed), ToFlagfile(resolved_.defaults), data_.Digest(needs_),
            data_.train().vocabulary().Digest(), WeightsDigest(TensorsOf(*system_, Role::kFrozen))};
  }

  train::SessionOptions SessionOptions() const {
    auto session = options_.session;
    session.steps = length_.steps;
    session.steps_per_epoch = length_.steps_per_epoch;
    session.identity = identity_;
    session.same_statistics = run_.batch_norm == BatchExtent::kAllRanks;
    session.texts = {{train::kRunFlagsFile, ToFlagfile(resolved_.read)},
                     {train::kVocabularyFile, data_.train().vocabulary().ToJson()},
                     {kFactsFile, JsonText(ToJson(data_.Facts()))}};
    session.version = Version();
    session.revision = Revision();
    session.weight_gradient = NameIn(nn::kWeightGradients, nn::ChosenWeightGradient());
    return session;
  }

  train::SessionHooks Hooks() {
    train::SessionHooks hooks;
    hooks.start_loading = [this](int64_t start) { StartLoading(start); };
    hooks.next_batch = [this] { return batches_->Next(communicator_.job().deadline_seconds()); };
    hooks.started = [this] { SaveFrozen(); };
    if (pictures_) {
      hooks.average_buffers = [this] { return pictures_->AverageBuffers(); };
      hooks.draw_samples = [this](int64_t step) { pictures_->DrawSamples(step); };
      if (options_.session.evaluate_every > 0 && !scores_.empty())
        hooks.evaluate = [this](int64_t) { return pictures_->Evaluate(weights_, communicator_); };
    }
    if (validation_) hooks.evaluate = [this](int64_t step) { return validation_->Evaluate(step); };
    return hooks;
  }

  void StartLoading(int64_t start) {
    if (validation_) validation_->GoOnAt(start);
    batches_.reset();
    loader_ = std::make_unique<dataio::Loader>(data_.Sources(needs_),
                                               LoaderOptionsOf(options_, communicator_.world()),
                                               start * options_.trainer.accumulate);
    batches_ =
        std::make_unique<dataio::Prefetcher>(*loader_, needs_, communicator_.world().device, run_.dtype);
  }

  std::vector<std::string> ScoreNames() const {
    if (validation_) return validation_->score_names();
    return pictures_ ? pictures_->ScoreNames(weights_) : std::vector<std::string>();
  }

  std::unique_ptr<ValidationOfRun> MadeValidation() {
    return ValidationOfRun::Make(
        {*system_, trainer_, data_, run_, communicator_, Metadata()},
        {out_ / "best.safetensors", identity_, options_.session.resume_override, length_.steps});
  }

  std::map<std::string, std::string> Metadata() const {
    return {{"recipe", run_.recipe},
            {"vocabulary", data_.train().vocabulary().Digest()},
            {"flags", ToFlagfile(resolved_.computed)},
            {"version", Version()}};
  }

  void SaveFrozen() const {
    if (const auto frozen = TensorsOf(*system_, Role::kFrozen); !frozen.empty())
      WriteSafeTensors(train::FrozenFile(out_), frozen, Metadata());
  }

  const TrainingOptions& options_;
  const RunOptions& run_;
  const fs::path out_;
  const ResolvedOptions& resolved_;
  cluster::Communicator& communicator_;
  const TrainingData data_;
  const recipes::PretrainedWeights weights_;
  const std::unique_ptr<GlobalBatch> norm_scope_, loss_scope_;
  const std::unique_ptr<recipes::System> system_;
  const std::vector<dataio::DomainNeeds> needs_;
  train::Trainer trainer_;
  const RunLength length_;
  const train::RunIdentity identity_;
  const std::unique_ptr<PicturesOfRun> pictures_;      // of systems that draw or translate
  const std::unique_ptr<ValidationOfRun> validation_;  // of systems that have one, where the data allow it
  const std::vector<std::string> scores_;              // their names
  cluster::MetricRegistry registry_;
  std::unique_ptr<dataio::Loader> loader_;
  std::unique_ptr<dataio::Prefetcher> batches_;  // of that loader
};

}  // namespace

int RunTraining(recipes::Program program) {
  const auto options = CheckedOptions(GivenFlags(), recipes::SystemNames(program));
  train::InstallStopSignals();
  cluster::Launch launch(options.launch);
  StartLogging(options.run.recipe.c_str(), launch.world().rank, launch.world().size);
  return launch.Run([&] {
    const auto resolved = Resolve(options.values);
    CheckSameJob(resolved, launch.communicator());
    CheckRanks(options, launch.world());
    UseCudaProducts(options.trainer.precision);
    UseThreads(options.run.threads, launch.communicator());
    return TrainingProgram(options, resolved, launch.communicator()).Run();
  });
}

}  // namespace helio::app
