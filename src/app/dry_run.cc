#include "src/app/dry_run.h"

#include <array>
#include <cstdio>

#include "dataio/prefetcher.h"
#include "src/app/allocation_peak.h"
#include "src/train/run_layout.h"

namespace helio::app {
namespace {

std::string Amount(int64_t bytes) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%10.1f MB", static_cast<double>(bytes) / 1e6);
  return text.data();
}

std::string Line(int64_t bytes, const std::string& what) { return "  " + Amount(bytes) + "  " + what + "\n"; }

int64_t LargestShare(int64_t total, int64_t parts) { return (total + parts - 1) / parts; }

int64_t Activations(const DryRunFacts& f, int64_t rows) {
  const int64_t a_row = std::max<int64_t>(0, f.trial_four - f.trial_two) / 2;
  return std::max<int64_t>(0, f.trial_two + a_row * (rows - 2));
}

int64_t SizeOf(const NamedTensors& tensors) {
  int64_t bytes = 0;
  for (const auto& entry : tensors) bytes += static_cast<int64_t>(entry.second.nbytes());
  return bytes;
}

// Values of a row's pictures, all domains and sides together.
int64_t PictureValues(const std::vector<dataio::DomainNeeds>& needs) {
  int64_t values = 0;
  for (const auto& domain : needs)
    for (const int64_t side : domain.sides) values += (domain.wrong_images ? 6 : 3) * side * side;
  return values;
}

std::string FlagsToShow(const ResolvedOptions& resolved) {
  auto flags = resolved.read;
  flags.erase("dry_run");
  return ToFlagfile(flags);
}

// What needs no step: sizes, flags, rows. Local.
DryRunFacts FactsWithoutSteps(const TriedRun& run, const cluster::World& world) {
  const auto& options = run.options;
  const auto needs = run.system.Needs();
  DryRunFacts facts;
  facts.device = world.device.str();
  facts.flagfile = FlagsToShow(run.resolved);
  facts.ranks = world.size;
  facts.rows = run.data.Rows(needs);
  facts.batch = options.run.batch;
  facts.accumulate = options.trainer.accumulate;
  facts.steps = run.length.steps;
  facts.steps_per_epoch = run.length.steps_per_epoch;
  facts.trained = SizeOf(recipes::TensorsOf(run.system, recipes::Role::kTrained));
  facts.frozen = SizeOf(recipes::TensorsOf(run.system, recipes::Role::kFrozen));
  facts.averages = SizeOf(run.trainer.AverageState());
  facts.loaded = PictureValues(needs);
  facts.pixels = facts.loaded * static_cast<int64_t>(c10::elementSize(options.run.dtype));
  facts.prefetch = options.loader.prefetch;
  facts.shard_optimizer = options.trainer.reducer.shard_optimizer;
  return facts;
}

// Where the run would begin.
int64_t StepToResume(const train::RunIdentity& identity, const train::SessionOptions& session) {
  const auto snapshot = train::FindCheckpoint(train::CheckpointsOf(session.out), session.resume);
  if (!snapshot) return 0;
  train::CheckIdentity(*snapshot, identity, session.resume_override, session.out.string());
  return snapshot->step;
}

// Throws where the data cannot give the run's batches, which have more rows than those of trial steps.
void CheckBatches(const TriedRun& run, const cluster::World& world) {
  const dataio::Loader as_in_the_run(run.data.Sources(run.system.Needs()),
                                     LoaderOptionsOf(run.options, world), 0);
}

// The memory that a step with that many rows a rank takes for a while. Changes the weights. Collective.
int64_t BytesOfTrialStep(const TriedRun& run, cluster::Communicator& communicator, int64_t rows) {
  const auto& options = run.options;
  const auto& world = communicator.world();
  const auto needs = run.system.Needs();
  auto loader_options = LoaderOptionsOf(options, world);
  loader_options.global_batch = rows * communicator.size();
  dataio::Loader loader(run.data.Sources(needs), loader_options, 0);
  dataio::Prefetcher prefetcher(loader, needs, world.device, options.run.dtype);
  const std::vector<dataio::Batch> batches(static_cast<size_t>(options.trainer.accumulate),
                                           prefetcher.Next(communicator.job().deadline_seconds()));
  const recipes::StepContext context{.seed = options.run.seed,
                                     .device = world.device,
                                     .dtype = options.run.dtype,
                                     .steps = run.length.steps,
                                     .steps_per_epoch = run.length.steps_per_epoch};
  communicator.BeginStep(0);
  const AllocationPeak peak;
  run.trainer.Step(batches, context, 0);
  return peak.bytes();
}

int64_t RowsOfRank(const DryRunFacts& f) { return LargestShare(f.batch, f.ranks); }

std::string StepsText(const DryRunFacts& f) {
  return std::to_string(f.steps) + " steps of " + std::to_string(f.batch) + " images on " +
         std::to_string(f.ranks) + " ranks, at most " + std::to_string(RowsOfRank(f)) + " a rank and step; " +
         std::to_string(f.steps_per_epoch) + " steps an epoch of " + std::to_string(f.rows) +
         " rows; every rank opens all shards and reads " + std::to_string(LargestShare(f.rows, f.ranks)) +
         " rows an epoch\n\n";
}

std::string DeviceMemoryText(const DryRunFacts& f) {
  const int64_t moments = 2 * f.trained / (f.shard_optimizer ? f.ranks : 1);
  const int64_t rows_at_once = LargestShare(RowsOfRank(f), f.accumulate);
  const int64_t pictures = RowsOfRank(f) * f.pixels, activations = Activations(f, rows_at_once);
  const int64_t total = 2 * f.trained + moments + f.averages + f.frozen + pictures + activations;
  std::string text = "memory of a rank on its device (" + f.device + "):\n";
  text += Line(f.trained, "weights that are trained") + Line(f.trained, "their gradients");
  text += Line(moments, std::string("Adam's moments") + (f.shard_optimizer ? ", this rank's share" : ""));
  text += Line(f.averages, "moving averages") + Line(f.frozen, "frozen networks");
  text += Line(pictures, "a step's pictures");
  text += Line(activations, "activations of " + std::to_string(rows_at_once) +
                                " rows at once, from trial steps with 2 and 4");
  return text +
         Line(total,
              "together, beside the libraries' own (on a GPU: kernels, CUDA's context and NCCL's buffers)");
}

std::string HostMemoryText(const DryRunFacts& f) {
  // Torch takes page-locked memory by the tensor, in powers of two, and gives none back.
  const bool locked = f.device.starts_with("cuda");
  return "on the host:\n" + Line(f.prefetch * RowsOfRank(f) * f.loaded, "batches loaded ahead") +
         Line(3 * f.trained + f.averages,
              std::string("the copy that a checkpoint is written from (rank 0)") +
                  (locked ? ", in page-locked memory: up to twice as much, and kept" : ""));
}

}  // namespace

DryRunFacts FindDryRunFacts(const TriedRun& run, cluster::Communicator& communicator) {
  auto facts = FactsWithoutSteps(run, communicator.world());
  if (communicator.rank() == 0) facts.resume_step = StepToResume(run.identity, run.options.session);
  CheckBatches(run, communicator.world());
  facts.trial_two = BytesOfTrialStep(run, communicator, 2);
  facts.trial_four = BytesOfTrialStep(run, communicator, 4);
  return facts;
}

std::string DryRunText(const DryRunFacts& f) {
  std::string text =
      "dry run: everything that can be checked is in order; nothing was started\n\n" + f.flagfile + "\n";
  text += StepsText(f);
  if (f.resume_step > 0) text += "would resume at step " + std::to_string(f.resume_step) + "\n\n";
  return text + DeviceMemoryText(f) + HostMemoryText(f);
}

}  // namespace helio::app
