#include "src/app/dry_run.h"

#include <array>
#include <cstdio>

namespace helio::app {
namespace {

std::string Amount(int64_t bytes) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%10.1f MB", static_cast<double>(bytes) / 1e6);
  return text.data();
}

std::string Line(int64_t bytes, const std::string& what) { return "  " + Amount(bytes) + "  " + what + "\n"; }

int64_t PerRank(int64_t total, int64_t ranks) { return (total + ranks - 1) / ranks; }

int64_t Activations(const DryRunFacts& f, int64_t rows) {
  const int64_t a_row = std::max<int64_t>(0, f.trial_four - f.trial_two) / 2;
  return std::max<int64_t>(0, f.trial_two + a_row * (rows - 2));
}

}  // namespace

std::string DryRunText(const DryRunFacts& f) {
  const int64_t rows_of_rank = PerRank(f.batch, f.ranks);
  const int64_t moments = 2 * f.trained / (f.shard_optimizer ? f.ranks : 1);
  const int64_t rows_at_once = PerRank(rows_of_rank, f.accumulate);
  const int64_t pictures = rows_of_rank * f.pixels, activations = Activations(f, rows_at_once);
  const int64_t total = 2 * f.trained + moments + f.averages + f.frozen + pictures + activations;
  std::string text =
      "dry run: everything that can be checked is in order; nothing was started\n\n" + f.flagfile + "\n";
  text += std::to_string(f.steps) + " steps of " + std::to_string(f.batch) + " images on " +
          std::to_string(f.ranks) + " ranks, at most " + std::to_string(rows_of_rank) + " a rank and step; " +
          std::to_string(f.steps_per_epoch) + " steps an epoch of " + std::to_string(f.rows) +
          " rows; every rank opens all shards and reads " + std::to_string(PerRank(f.rows, f.ranks)) +
          " rows an epoch\n\n";
  if (f.resume_step > 0) text += "would resume at step " + std::to_string(f.resume_step) + "\n\n";
  text += "memory of a rank on its device (" + f.device + "):\n";
  text += Line(f.trained, "weights that are trained") + Line(f.trained, "their gradients");
  text += Line(moments, std::string("Adam's moments") + (f.shard_optimizer ? ", this rank's share" : ""));
  text += Line(f.averages, "moving averages") + Line(f.frozen, "frozen networks");
  text += Line(pictures, "a step's pictures");
  text += Line(activations, "activations of " + std::to_string(rows_at_once) +
                                " rows at once, from trial steps with 2 and 4");
  text += Line(total,
               "together, beside the libraries' own (on a GPU: kernels, CUDA's context and NCCL's buffers)");
  text += "on the host:\n" + Line(f.prefetch * rows_of_rank * f.cached, "batches loaded ahead");
  return text + Line(3 * f.trained + f.averages, "the copy that a checkpoint is written from (rank 0)");
}

}  // namespace helio::app
