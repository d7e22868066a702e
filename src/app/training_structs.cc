#include "src/app/training_structs.h"

#include "cluster/communicator_batch.h"
#include "cluster/cores.h"
#include "src/app/training_flags.h"
#include "src/app/version.h"
#include "src/base/error.h"
#include "src/base/safetensors.h"

namespace helio::app {
namespace {

NamedTensors ReadWeights(const std::string& file, const std::string& flag,
                         const dataio::Vocabulary& vocabulary) {
  const auto weights = ReadSafeTensors(file);
  const auto recorded = weights.metadata.find("vocabulary");
  if (recorded != weights.metadata.end() && recorded->second != vocabulary.Digest())
    ThrowUser(file + " was trained with another vocabulary than the data set's", flag,
              "pack the data with that vocabulary (helio-pack --vocab)");
  return weights.tensors;
}

}  // namespace

recipes::PretrainedWeights PretrainedFlags(const dataio::Vocabulary& vocabulary) {
  recipes::PretrainedWeights weights;
  for (const auto& [role, file] : WeightsFlags())
    weights.by_role[role] = ReadWeights(file, "--weights=" + role, vocabulary);
  weights.random = FLAGS_random_frozen;
  return weights;
}

cluster::LaunchOptions LaunchFlags() {
  cluster::LaunchOptions options;
  options.expect_world_size = FLAGS_expect_world_size;
  options.hierarchy = FLAGS_hierarchy;
  options.deadlines = {FLAGS_first_deadline_seconds, FLAGS_deadline_seconds};
  if (FLAGS_dtype == "float64") options.device = "cpu";
  return options;
}

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

std::unique_ptr<GlobalBatch> NegativesFlag(cluster::Communicator& communicator) {
  if (FLAGS_negatives == "local") return std::make_unique<SoloBatch>();
  return cluster::MakeGlobalBatch(communicator);
}

recipes::RecipeOptions OptionsFor(const dataio::Dataset& dataset) {
  auto options = RecipeFlags();
  options.vocabulary = dataset.vocabulary().size();
  options.classes = dataset.classes();
  if (options.classes == 0) options.class_masks = false;
  return options;
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

dataio::LoaderOptions LoaderFlags(const recipes::RecipeOptions& options, const cluster::World& world) {
  dataio::LoaderOptions loader;
  loader.global_batch = FLAGS_batch / FLAGS_accumulate;
  loader.together = FLAGS_accumulate;
  loader.words = options.words;
  loader.sides = options.sides();
  loader.seed = FLAGS_seed;
  loader.augment = FLAGS_augment;
  loader.flip = FLAGS_flip;
  loader.rank = world.rank;
  loader.ranks = world.size;
  loader.workers = FLAGS_workers;
  loader.prefetch = FLAGS_prefetch;
  loader.pinned = world.device.is_cuda();
  return loader;
}

train::ValidationOptions ValidationFlags() {
  return {.images = FLAGS_evaluate_images, .seed = FLAGS_seed, .dtype = DtypeFlag()};
}

train::SessionOptions SessionFlags() {
  train::SessionOptions session;
  session.out = FLAGS_out;
  session.seed = FLAGS_seed;
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
  session.version = Version();
  session.revision = Revision();
  return session;
}

void UseThreads(cluster::Communicator& communicator) {
  const int cores = cluster::CoresOfRank(communicator);
  at::set_num_threads(FLAGS_threads > 0 ? FLAGS_threads : cores);
}

}  // namespace helio::app
