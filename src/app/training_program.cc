#include "src/app/training_program.h"

#include <gflags/gflags.h>

#include <iostream>

#include "cluster/communicator_batch.h"
#include "cluster/consistency.h"
#include "cluster/cores.h"
#include "cluster/metrics_exporter.h"
#include "cluster/metrics_pusher.h"
#include "src/app/allocation_peak.h"
#include "src/app/best_weights.h"
#include "src/app/dry_run.h"
#include "src/app/gan_evaluation.h"
#include "src/app/main.h"
#include "src/app/training_checks.h"
#include "src/app/training_flags.h"
#include "src/app/version.h"
#include "src/base/checksum.h"
#include "src/base/safetensors.h"
#include "src/recipes/pretraining.h"
#include "src/train/session.h"
#include "src/train/stop_signal.h"

namespace helio::app {
namespace {

torch::Dtype DtypeFlag() {
  if (FLAGS_dtype == "float32") return torch::kFloat32;
  if (FLAGS_dtype == "float64") return torch::kFloat64;
  ThrowUser("unknown dtype '" + FLAGS_dtype + "'", "--dtype", "float32 or float64");
}

std::unique_ptr<GlobalBatch> BatchNormFlag(cluster::Communicator& communicator) {
  if (FLAGS_batch_norm == "local") return std::make_unique<SoloBatch>();
  if (FLAGS_batch_norm == "node") return std::make_unique<cluster::CommunicatorBatch>(communicator, true);
  return cluster::MakeGlobalBatch(communicator);
}

train::TrainerOptions TrainerFlags() {
  train::TrainerOptions options;
  options.first_bucket_mb = FLAGS_first_bucket_mb;
  options.bucket_mb = FLAGS_bucket_mb;
  options.bfloat16_wire = FLAGS_wire_dtype == "bfloat16";
  options.accumulate = FLAGS_accumulate;
  options.shard_optimizer = FLAGS_shard_optimizer;
  return options;
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
        negatives_(FLAGS_negatives == "global" ? cluster::MakeGlobalBatch(communicator)
                                               : std::make_unique<SoloBatch>()) {
    torch::manual_seed(FLAGS_seed);  // layers whose initialisation no recipe chooses: the same on every rank
    torch::set_default_dtype(caffe2::scalarTypeToTypeMeta(DtypeFlag()));
    recipe_ = recipes::MakeRecipe(FLAGS_recipe, options_, {*batch_, *negatives_, FLAGS_seed, weights_});
    trainer_ = std::make_unique<train::Trainer>(*recipe_, communicator, TrainerFlags());
    trainer_->ResetAverages();
    if (FLAGS_evaluate_every > 0 && !weights_.damsm.empty() && IsGan())
      CheckEvaluation(test_, FLAGS_evaluate_images, "evaluate_images");
    StartExporter();
  }

  int Run() {
    const int64_t steps_per_epoch = train_.size() / FLAGS_batch;
    const int64_t steps = FLAGS_steps > 0
                              ? FLAGS_steps
                              : static_cast<int64_t>(FLAGS_epochs * static_cast<double>(steps_per_epoch));
    Announce(steps, steps_per_epoch);
    if (FLAGS_dry_run) return DryRun(steps, steps_per_epoch);
    train::TrainingMetrics metrics(registry_, {.recipe = FLAGS_recipe,
                                               .version = Version(),
                                               .revision = Revision(),
                                               .world_size = communicator_.size(),
                                               .total_steps = steps,
                                               .device = communicator_.world().device});
    train::Session session(*recipe_, *trainer_, communicator_, metrics, SessionFlags(steps, steps_per_epoch),
                           Hooks());
    const int code = session.Run();
    if (pusher_ && code == 0) pusher_->Delete();
    // A run that ended in order is no target any more; one that died stays one, and its ranks count as down.
    if (exporter_ && first()) WriteFileAtomically(TargetsFile(), "[]\n");
    return code;
  }

 private:
  bool first() const { return communicator_.rank() == 0; }
  bool IsGan() const { return dynamic_cast<recipes::TextToImage*>(recipe_.get()) != nullptr; }

  void StartExporter() {
    if (first() && !FLAGS_push_gateway.empty() && !FLAGS_dry_run)
      pusher_ = std::make_unique<cluster::MetricsPusher>(registry_, FLAGS_push_gateway, RunName());
    if (FLAGS_metrics_port == 0 || FLAGS_dry_run) return;
    const int port = FLAGS_metrics_port + communicator_.world().local_rank;
    exporter_ = std::make_unique<cluster::MetricsExporter>(registry_, FLAGS_metrics_bind, port);
    if (first()) std::filesystem::create_directories(FLAGS_out);
    cluster::WriteScrapeTargets(communicator_, TargetsFile(), cluster::ScrapeHost(FLAGS_metrics_bind), port);
  }

  static std::filesystem::path TargetsFile() {
    return std::filesystem::path(FLAGS_out) / "prometheus-targets.json";
  }

  // The last part of --out.
  static std::string RunName() {
    const auto path = std::filesystem::absolute(FLAGS_out).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()).filename().string();
  }

  void Announce(int64_t steps, int64_t steps_per_epoch) const {
    if (!first()) return;
    int64_t parameters = 0;
    for (const auto& entry : recipe_->State()) parameters += entry.second.numel();
    LOG(INFO) << FLAGS_recipe << " on " << communicator_.size() << " ranks (" << communicator_.world().device
              << ", " << at::get_num_threads() << " threads each), " << static_cast<double>(parameters) / 1e6
              << " M parameters and buffers; " << train_.size() << " training rows, " << steps << " steps of "
              << FLAGS_batch << " images, " << steps_per_epoch << " steps an epoch";
  }

  int DryRun(int64_t steps, int64_t steps_per_epoch) {
    DryRunFacts facts;
    facts.device = communicator_.world().device.str();
    facts.flagfile = FlagsAsFlagfile({"dry_run"});
    facts.ranks = communicator_.size();
    facts.rows = train_.size();
    facts.batch = FLAGS_batch;
    facts.accumulate = FLAGS_accumulate;
    facts.steps = steps;
    facts.steps_per_epoch = steps_per_epoch;
    facts.trained = BytesOf(recipe_->State());
    facts.frozen = BytesOf(recipe_->FrozenState());
    facts.averages = BytesOf(trainer_->AverageState());
    for (const int64_t side : ImageSides(options_)) facts.cached += 3 * side * side;
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
    const auto snapshot =
        train::FindCheckpoint(std::filesystem::path(FLAGS_out) / "checkpoints", FLAGS_resume);
    if (!snapshot) return 0;
    train::CheckIdentity(*snapshot, Identity(), FLAGS_resume_override, FLAGS_out);
    return snapshot->step;
  }

  // The memory that a step with that many rows a rank takes for a while. Changes the weights.
  int64_t BytesOfStep(int64_t rows) {
    auto options = LoaderFlags();
    options.global_batch = rows * communicator_.size();
    dataio::Loader loader(train_, options, 0);
    std::vector<dataio::Batch> batches(static_cast<size_t>(FLAGS_accumulate), Fetch(loader));
    recipes::StepContext context{
        .seed = FLAGS_seed, .device = communicator_.world().device, .dtype = DtypeFlag()};
    communicator_.BeginStep(0);
    const AllocationPeak peak;
    trainer_->Step(batches, context, 0);
    return peak.bytes();
  }

  static int64_t BytesOf(const NamedTensors& tensors) {
    int64_t bytes = 0;
    for (const auto& entry : tensors) bytes += static_cast<int64_t>(entry.second.nbytes());
    return bytes;
  }

  train::RunIdentity Identity() const {
    return {TrainingIdentity(), train_.digest(), train_.vocabulary().Digest(),
            cluster::WeightsDigest(recipe_->FrozenState())};
  }

  train::SessionOptions SessionFlags(int64_t steps, int64_t steps_per_epoch) const {
    train::SessionOptions session;
    session.out = FLAGS_out;
    session.seed = FLAGS_seed;
    session.steps = steps;
    session.steps_per_epoch = steps_per_epoch;
    session.global_batch = FLAGS_batch;
    session.dtype = DtypeFlag();
    session.schedule = train::ParseSchedule(FLAGS_schedule);
    session.log_every = FLAGS_log_every;
    session.checkpoint_every = FLAGS_checkpoint_every;
    session.sample_every = FLAGS_sample_every;
    session.evaluate_every = FLAGS_evaluate_every;
    session.retention = {FLAGS_keep_last, FLAGS_keep_every, FLAGS_keep_best};
    session.stop_on_checkpoint_failure = FLAGS_on_checkpoint_failure == "stop";
    session.resume = FLAGS_resume;
    session.resume_override = FLAGS_resume_override;
    session.max_bad_steps = FLAGS_max_bad_steps;
    session.exit_code_requeue = FLAGS_exit_code_requeue;
    session.identity = Identity();
    session.texts = {{"run.flags", FlagsAsFlagfile()}, {"vocabulary.json", train_.vocabulary().ToJson()}};
    session.version = Version();
    session.revision = Revision();
    return session;
  }

  train::SessionHooks Hooks() {
    train::SessionHooks hooks;
    hooks.open_loader = [this](int64_t start) { return OpenLoader(start); };
    hooks.started = [this] { SaveFrozen(); };
    if (auto* pretraining = dynamic_cast<recipes::Pretraining*>(recipe_.get())) {
      best_ = std::make_unique<BestWeights>(std::filesystem::path(FLAGS_out) / "best.safetensors",
                                            FLAGS_resume == "none");
      hooks.evaluate = [this, pretraining](int64_t step) { return Validate(*pretraining, step); };
    } else if (auto* gan = dynamic_cast<recipes::TextToImage*>(recipe_.get())) {
      hooks.average_buffers = [this, gan] { return AverageBuffers(*gan); };
      hooks.draw_samples = [this, gan](int64_t step) { DrawSamples(*gan, step); };
      if (FLAGS_evaluate_every > 0) hooks.evaluate = [this, gan](int64_t) { return EvaluateGan(*gan); };
    }
    return hooks;
  }

  dataio::LoaderOptions LoaderFlags() const {
    dataio::LoaderOptions loader;
    loader.global_batch = FLAGS_batch / FLAGS_accumulate;
    loader.words = options_.words;
    loader.sides = ImageSides(options_);
    loader.seed = FLAGS_seed;
    loader.augment = FLAGS_augment;
    loader.flip = FLAGS_flip;
    loader.rank = communicator_.rank();
    loader.ranks = communicator_.size();
    loader.workers = FLAGS_workers;
    loader.prefetch = FLAGS_prefetch;
    loader.pinned = communicator_.world().device.is_cuda();
    return loader;
  }

  dataio::Batch Fetch(dataio::Loader& loader) const {
    dataio::Batch batch = loader.Next();
    dataio::Upload(batch, ImageSides(options_), communicator_.world().device, DtypeFlag());
    return batch;
  }

  std::function<dataio::Batch()> OpenLoader(int64_t start) {
    loader_ = std::make_unique<dataio::Loader>(train_, LoaderFlags(), start * FLAGS_accumulate);
    return [this] { return Fetch(*loader_); };
  }

  // Held-out rows; for the classifier training rows, because a class-disjoint test split has other classes.
  std::vector<recipes::ValidationScore> Validate(recipes::Pretraining& pretraining, int64_t step) {
    constexpr int64_t kAtOnce = 100;
    const auto& dataset = FLAGS_recipe == "classifier" ? train_ : test_;
    const int64_t chunks = std::max<int64_t>(1, std::min(FLAGS_evaluate_images, dataset.size()) / kAtOnce);
    const auto draws = dataio::EvaluationDraws(dataset, chunks * std::min(kAtOnce, dataset.size()),
                                               options_.words, FLAGS_seed);
    const auto validation = pretraining.MakeValidation();
    torch::Tensor sums;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      const auto part =
          std::span(draws).subspan(static_cast<size_t>(chunk) * (draws.size() / static_cast<size_t>(chunks)),
                                   draws.size() / static_cast<size_t>(chunks));
      if (chunk % communicator_.size() != communicator_.rank() && sums.defined()) continue;
      auto batch = dataio::EvaluationBatch(dataset, part, options_.words, ImageSides(options_), FLAGS_seed);
      for (auto& image : batch.images) image = image.to(communicator_.world().device, DtypeFlag());
      const auto own = validation->Consume(batch, {});
      if (!sums.defined()) sums = torch::zeros_like(own);
      if (chunk % communicator_.size() == communicator_.rank()) sums += own;
    }
    communicator_.AllReduce(sums, cluster::Reduce::kSum, "validation").Wait();
    const auto scores = validation->Finish(sums);
    for (const auto& score : scores)
      if (first() && !score.concern.empty()) LOG(WARNING) << score.concern;
    if (first())
      best_->Offer(scores.front(), validation->higher_is_better(), step, recipe_->State(), Metadata());
    return scores;
  }

  std::map<std::string, std::string> Metadata() const {
    return {{"recipe", FLAGS_recipe},
            {"vocabulary", train_.vocabulary().Digest()},
            {"flags", TrainingIdentity()},
            {"version", Version()}};
  }

  // The averaged generator's buffers: live, as published, or re-estimated. Rank 0; leaves everything as it
  // was.
  NamedTensors AverageBuffers(recipes::TextToImage& gan) {
    NamedTensors buffers;
    const auto live = Clone(BuffersOf(gan.generator()));
    {
      const train::Trainer::UseAverages averages(*trainer_);
      if (FLAGS_ema_batch_norm == "reestimated") Reestimate(gan);
      for (const auto& [name, tensor] : BuffersOf(gan.generator()))
        buffers.emplace_back("netG." + name, tensor.clone());
    }
    CopyState(live, BuffersOf(gan.generator()), "live buffers");
    return buffers;
  }

  void Reestimate(recipes::TextToImage& gan) {
    constexpr int64_t kBatches = 20, kRows = 64;
    std::vector<recipes::TextCondition> conditions;
    const auto draws = dataio::EvaluationDraws(train_, kBatches * kRows, options_.words, FLAGS_seed);
    for (int64_t i = 0; i < kBatches; ++i)
      conditions.push_back(EncodeDraws(gan, train_,
                                       std::span(draws).subspan(static_cast<size_t>(i * kRows), kRows),
                                       options_.words, FLAGS_seed));
    gan.ReestimateBatchNorm(conditions, FLAGS_seed);
  }

  // Runs `body` with the averaged weights and their buffers in the generator, then puts the live ones back.
  template <typename Body>
  auto WithAverages(recipes::TextToImage& gan, const Body& body) {
    const auto live = Clone(BuffersOf(gan.generator()));
    const auto restore = [&] { CopyState(live, BuffersOf(gan.generator()), "live buffers"); };
    const train::Trainer::UseAverages averages(*trainer_);
    if (FLAGS_ema_batch_norm == "reestimated") Reestimate(gan);
    auto result = body();
    restore();
    return result;
  }

  void DrawSamples(recipes::TextToImage& gan, int64_t step) {
    char name[64];
    std::snprintf(name, sizeof name, "samples/step-%07lld.png", static_cast<long long>(step));
    const auto path = std::filesystem::path(FLAGS_out) / name;
    std::filesystem::create_directories(path.parent_path());
    WithAverages(gan, [&] {
      WriteSampleGrid(gan, test_, options_, 12, FLAGS_seed, path,
                      FLAGS_recipe + ", step " + std::to_string(step));
      return 0;
    });
  }

  std::vector<recipes::ValidationScore> EvaluateGan(recipes::TextToImage& gan) {
    return WithAverages(gan, [&] {
      const Judges judges = MakeJudges(options_, weights_, test_, "");
      return ValidationScores(
          EvaluateGenerator(gan, judges, test_, options_, FLAGS_evaluate_images, FLAGS_seed, communicator_));
    });
  }

  void SaveFrozen() const {
    if (!recipe_->FrozenState().empty())
      WriteSafeTensors(std::filesystem::path(FLAGS_out) / "frozen.safetensors", recipe_->FrozenState(),
                       Metadata());
  }

  cluster::Communicator& communicator_;
  const dataio::Dataset train_, test_;
  const recipes::RecipeOptions options_;
  const recipes::PretrainedWeights weights_;
  const std::unique_ptr<GlobalBatch> batch_, negatives_;
  std::unique_ptr<recipes::Recipe> recipe_;
  std::unique_ptr<train::Trainer> trainer_;
  cluster::MetricRegistry registry_;
  std::unique_ptr<cluster::MetricsExporter> exporter_;
  std::unique_ptr<cluster::MetricsPusher> pusher_;
  std::unique_ptr<dataio::Loader> loader_;
  std::unique_ptr<BestWeights> best_;
};

NamedTensors ReadWeights(const std::string& file, const char* flag, const dataio::Vocabulary& vocabulary) {
  if (file.empty()) return {};
  const auto weights = ReadSafeTensors(file);
  const auto recorded = weights.metadata.find("vocabulary");
  if (recorded != weights.metadata.end() && recorded->second != vocabulary.Digest())
    ThrowUser(file + " was trained with another vocabulary than the data set's", flag,
              "pack the data with that vocabulary (helio-pack --vocab)");
  return weights.tensors;
}

}  // namespace

int RunTraining(const std::vector<std::string>& allowed) {
  CheckFlags(allowed);
  train::InstallStopSignals();
  cluster::Launch launch(LaunchFlags());
  StartLogging(FLAGS_recipe.c_str(), launch.world().rank, launch.world().size);
  return launch.Run([&] {
    CheckRanks(launch.world());
    UseThreads(launch.communicator());
    return TrainingProgram(launch.communicator()).Run();
  });
}

cluster::LaunchOptions LaunchFlags() {
  cluster::LaunchOptions options;
  options.expect_world_size = FLAGS_expect_world_size;
  options.hierarchy = FLAGS_hierarchy;
  options.deadlines = {FLAGS_first_deadline_seconds, FLAGS_deadline_seconds};
  if (FLAGS_dtype == "float64") options.device = "cpu";
  return options;
}

recipes::RecipeOptions OptionsFor(const dataio::Dataset& dataset) {
  auto options = RecipeFlags();
  options.vocabulary = dataset.vocabulary().size();
  options.classes = dataset.classes();
  if (options.classes == 0) options.class_masks = false;
  return options;
}

std::vector<int64_t> ImageSides(const recipes::RecipeOptions& options) {
  std::vector<int64_t> sides;
  for (int64_t stage = 0; stage < options.stages; ++stage) sides.push_back(options.base_side << stage);
  return sides;
}

recipes::PretrainedWeights PretrainedFlags(const dataio::Vocabulary& vocabulary) {
  recipes::PretrainedWeights weights;
  weights.damsm = ReadWeights(FLAGS_damsm, "--damsm", vocabulary);
  weights.captioner = ReadWeights(FLAGS_captioner, "--captioner", vocabulary);
  weights.classifier = ReadWeights(FLAGS_classifier, "--classifier", vocabulary);
  weights.random = FLAGS_random_frozen;
  return weights;
}

void UseThreads(cluster::Communicator& communicator) {
  const int cores = cluster::CoresOfRank(communicator);
  at::set_num_threads(FLAGS_threads > 0 ? FLAGS_threads : cores);
}

}  // namespace helio::app
