#include "src/app/training_checks.h"

#include <algorithm>
#include <functional>

#include "cluster/consistency.h"
#include "dataio/evaluation_rows.h"
#include "src/app/version.h"
#include "src/base/checksum.h"
#include "src/base/log.h"
#include "src/eval/r_precision.h"
#include "src/recipes/registry.h"
#include "src/train/scoreboard.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;

// What there must be for scores, where there are none.
std::string WhoJudges() {
  return "pictures of captions are judged by the weights of --damsm and --classifier; inception_score of at "
         "least " +
         std::to_string(eval::JudgeOptions().inception_splits) + " of them (--evaluate_images)";
}

std::string DataProblems(const RunOptions& run) {
  if (run.data.empty()) return "\n  --data: name a packed data set (helio-pack)";
  std::string problems;
  for (const auto& [role, folder] : run.DataFolders())
    if (std::error_code unreadable; !fs::exists(fs::path(folder) / "manifest.json", unreadable))
      problems +=
          "\n  --data=" + folder + ": no packed data set (it has no manifest.json); helio-pack makes one";
  return problems;
}

std::string FileProblem(const std::string& flag, const std::string& file) {
  std::error_code unreadable;
  if (fs::is_regular_file(file, unreadable)) return "";
  return "\n  --" + flag + "=" + file + ": no such file" +
         (flag.starts_with("initial") ? "" : " (a pretraining leaves best.safetensors in its --out)");
}

bool RoleIsKnown(const std::string& role) {
  return std::ranges::any_of(recipes::Systems(), [&](const auto& system) {
    return std::ranges::find(system.weights, role) != system.weights.end();
  });
}

std::string WeightProblems(const RunOptions& run) {
  std::string problems;
  for (const auto& [role, file] : run.WeightFiles()) {
    if (!RoleIsKnown(role))
      problems += "\n  --weights=" + role + ":" + file + ": no system takes '" + role + "'";
    problems += FileProblem(role, file);
  }
  for (const auto& [part, file] : run.InitialFiles()) problems += FileProblem("initial=" + part, file);
  return problems;
}

std::string RecipeProblem(const std::string& recipe, const std::vector<std::string>& allowed) {
  if (std::ranges::find(allowed, recipe) != allowed.end()) return "";
  std::string known;
  for (const auto& name : allowed) known += " " + name;
  return "\n  --recipe='" + recipe + "': one of" + known;
}

// Whether micro-batches have as many rows as the system needs.
std::string RowProblem(const TrainingOptions& options) {
  int64_t least = 1;
  for (const auto& system : recipes::Systems())
    if (system.name == options.run.recipe) least = system.least_rows;
  const auto images = std::to_string(least) + (least == 1 ? " image" : " images");
  const int64_t batch = options.run.batch, parts = options.trainer.accumulate;
  if (batch < least)
    return "\n  --batch=" + std::to_string(batch) + ": at least " + images + " for this system";
  if (batch % parts == 0 && batch / parts >= least) return "";
  return "\n  --accumulate: divides --batch into parts of at least " + images;
}

// Problems of options that are wrong only together.
std::string MixedProblems(const TrainingOptions& options) {
  std::string problems;
  problems += RowProblem(options);
  if (!options.session.retention.keep_best.empty() && options.session.evaluate_every == 0)
    problems += "\n  --keep_best: needs scores, that is --evaluate_every";
  if (options.run.dtype == torch::kFloat64 && options.trainer.precision != Precision::kFloat32)
    problems += "\n  --precision=" + NameIn(kPrecisions, options.trainer.precision) +
                ": is of float32 networks, not of --dtype=float64";
  if (options.run.steps == 0 && options.run.epochs == 0 && options.run.initial.empty())
    problems += "\n  --steps=0 --epochs=0: nothing to train; give one of them";
  if (options.session.out.empty()) problems += "\n  --out: name a folder for this run";
  return problems;
}

// What `check` returns, or the message of the Error that it throws.
std::string Problems(const std::function<std::string()>& check) {
  try {
    return check();
  } catch (const Error& error) {
    return std::string("\n  ") + error.what();
  }
}

}  // namespace

TrainingOptions CheckedOptions(const OptionValues& values, const std::vector<std::string>& allowed) {
  std::string problems;
  const auto options = ReadTrainingOptions(values, problems);
  problems += RecipeProblem(options.run.recipe, allowed);
  problems += Problems([&] { return DataProblems(options.run); });
  problems += Problems([&] { return WeightProblems(options.run); });
  problems += MixedProblems(options);
  ThrowAnyFlagProblems(problems);
  return options;
}

void CheckSameJob(const ResolvedOptions& own, cluster::Communicator& communicator) {
  cluster::Fingerprints fingerprints{{"version", Version()},
                                     {"configuration", Digest(ToFlagfile(own.computed))}};
  // A rank that evaluates or logs at other steps would wait in other collectives than the rest.
  for (const auto& [name, value] : own.cadence) fingerprints.emplace_back(name, value);
  cluster::CheckConsistency(communicator, fingerprints);
}

void CheckSameWeights(const recipes::PretrainedWeights& weights, cluster::Communicator& communicator) {
  cluster::Fingerprints fingerprints;
  for (const auto& role : recipes::WeightRoles()) {
    const auto& own = weights.Of(role.name);
    fingerprints.emplace_back(std::string("--") + role.name, own.empty() ? "none" : WeightsDigest(own));
  }
  cluster::CheckConsistency(communicator, fingerprints);
}

void CheckRanks(const TrainingOptions& options, const cluster::World& world) {
  const auto& run = options.run;
  const int64_t parts = options.trainer.accumulate;
  const int64_t rows = run.batch / parts / world.size;  // of the rank with the fewest
  const bool alone = run.batch_norm == BatchExtent::kRank || run.negatives == BatchExtent::kRank;
  const int64_t least = alone ? 2 : 1;
  if (run.batch_norm == BatchExtent::kHost && rows == 1 && world.local_size == 1)
    ThrowUser("a host with one image has no batch to take statistics of", "--batch_norm=node",
              "at least two images a host: a larger --batch, or --batch_norm=global");
  if (rows >= least) return;
  ThrowUser(
      "too few images for " + std::to_string(world.size) + " ranks: --batch counts all ranks together" +
          (parts > 1 ? " and --accumulate divides it" : ""),
      "--batch=" + std::to_string(run.batch),
      "at least " + std::to_string(least * world.size * parts) +
          (alone ? ", because --batch_norm=local and --negatives=local need two images on a rank" : ""));
}

void CheckScores(const train::SessionOptions& session, const std::vector<std::string>& scores, bool say) {
  const auto& best = session.retention.keep_best;
  if (scores.empty() && best.empty() && session.evaluate_every > 0 && say)
    LOG(WARNING) << "--evaluate_every: nothing judges here, there are no scores; " << WhoJudges();
  train::CheckKeepBest(best, scores, "nothing judges here; " + WhoJudges());
}

void CheckChain(const std::string& recipe, const OptionValues& given) {
  OptionList known;
  recipes::FindSystem(recipe).declare(known);
  for (const char* flag : {"iterations", "epsilon1"})
    if (given.contains(flag) && !std::ranges::count(known.options(), flag, &Option::name))
      ThrowUser("does nothing here", std::string("--") + flag, "the system draws in one pass");
}

void CheckData(const RunOptions& run) { ThrowAnyFlagProblems(DataProblems(run)); }

void CheckEvaluation(const dataio::Dataset& test, const RunOptions& run, int64_t images,
                     const std::string& flag) {
  const auto draws = dataio::EvaluationDraws(test, images, /*words=*/1, run.seed);
  std::vector<int64_t> classes;
  for (const auto& draw : draws) classes.push_back(test.Class(draw.row));
  eval::CheckEnoughOthers(torch::tensor(classes), eval::RPrecisionOptions().wrong,
                          "--" + flag + "=" + std::to_string(images));
}

}  // namespace helio::app
