#include "src/app/training_checks.h"

#include "dataio/evaluation_rows.h"
#include "src/app/training_flags.h"
#include "src/eval/r_precision.h"
#include "src/recipes/registry.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;

std::string DataProblem() {
  if (FLAGS_data.empty()) return "--data: name a packed data set (helio-pack)";
  std::error_code unreadable;
  if (fs::exists(fs::path(FLAGS_data) / "manifest.json", unreadable)) return "";
  return "--data=" + FLAGS_data + ": no packed data set (it has no manifest.json); helio-pack makes one";
}

std::string FileProblem(const std::string& flag, const std::string& file) {
  std::error_code unreadable;
  if (file.empty() || fs::is_regular_file(file, unreadable)) return "";
  return "--" + flag + "=" + file + ": no such file (a pretraining leaves best.safetensors in its --out)";
}

bool RoleIsKnown(const std::string& role) {
  const auto takes = [&](const auto& system) {
    return std::find(system.weights.begin(), system.weights.end(), role) != system.weights.end();
  };
  return std::any_of(recipes::Systems().begin(), recipes::Systems().end(), takes);
}

}  // namespace

void CheckFlags(const std::vector<std::string>& allowed) {
  std::string problems;
  const auto complain = [&problems](const std::string& text) { problems += "\n  " + text; };
  if (std::find(allowed.begin(), allowed.end(), FLAGS_recipe) == allowed.end()) {
    std::string known;
    for (const auto& name : allowed) known += " " + name;
    complain("--recipe='" + FLAGS_recipe + "': one of" + known);
  }
  if (const auto problem = DataProblem(); !problem.empty()) complain(problem);
  try {
    for (const auto& [role, file] : WeightsFlags()) {
      if (!RoleIsKnown(role)) complain("--weights=" + role + ":" + file + ": no system takes '" + role + "'");
      if (const auto problem = FileProblem(role, file); !problem.empty()) complain(problem);
    }
  } catch (const Error& error) {
    complain(error.what());
  }
  if (FLAGS_out.empty()) complain("--out: name a folder for this run");
  if (FLAGS_batch < 2) complain("--batch: at least 2 (wrong pairs need two rows)");
  if (FLAGS_fidelity != "corrected" && FLAGS_fidelity != "released")
    complain("--fidelity: corrected or released");
  if (FLAGS_accumulate < 1 || FLAGS_batch % std::max(1, FLAGS_accumulate) != 0 ||
      FLAGS_batch / FLAGS_accumulate < 2)
    complain("--accumulate: divides --batch into parts of at least 2 images");
  if (FLAGS_batch_norm != "global" && FLAGS_batch_norm != "node" && FLAGS_batch_norm != "local")
    complain("--batch_norm: global, node or local");
  if (FLAGS_negatives != "global" && FLAGS_negatives != "local") complain("--negatives: global or local");
  if (FLAGS_wire_dtype != "same" && FLAGS_wire_dtype != "bfloat16")
    complain("--wire_dtype: same or bfloat16");
  if (!(FLAGS_bucket_mb > 0) || !(FLAGS_first_bucket_mb > 0))
    complain("--bucket_mb, --first_bucket_mb: more than 0");
  if (FLAGS_ema_batch_norm != "live" && FLAGS_ema_batch_norm != "reestimated")
    complain("--ema_batch_norm: live or reestimated");
  if (FLAGS_keep_last < 1) complain("--keep_last: at least 1");
  if (FLAGS_on_checkpoint_failure != "continue" && FLAGS_on_checkpoint_failure != "stop")
    complain("--on_checkpoint_failure: continue or stop");
  if (!FLAGS_keep_best.empty() && FLAGS_evaluate_every == 0)
    complain("--keep_best: needs scores, that is --evaluate_every");
  if (FLAGS_stages < 1 || FLAGS_stages > 4) complain("--stages: 1 to 4");
  if (FLAGS_base_side < 8 || (FLAGS_base_side & (FLAGS_base_side - 1)) != 0)
    complain("--base_side: a power of two, at least 8");
  if (!problems.empty()) ThrowUser("these flags need attention:" + problems);
}

void CheckRanks(const cluster::World& world) {
  const int64_t rows = FLAGS_batch / FLAGS_accumulate / world.size;  // of the rank with the fewest
  const bool alone = FLAGS_batch_norm == "local" || FLAGS_negatives == "local";
  const int64_t least = alone ? 2 : 1;
  if (rows >= least) return;
  ThrowUser(
      "too few images for " + std::to_string(world.size) + " ranks: --batch counts all ranks together" +
          (FLAGS_accumulate > 1 ? " and --accumulate divides it" : ""),
      "--batch=" + std::to_string(FLAGS_batch),
      "at least " + std::to_string(least * world.size * FLAGS_accumulate) +
          (alone ? ", because --batch_norm=local and --negatives=local need two images on a rank" : ""));
}

void CheckData() {
  if (const auto problem = DataProblem(); !problem.empty()) ThrowUser(problem);
}

void CheckEvaluation(const dataio::Dataset& test, int64_t images, const std::string& flag) {
  const auto draws = dataio::EvaluationDraws(test, images, FLAGS_words, FLAGS_seed);
  std::vector<int64_t> classes;
  for (const auto& draw : draws) classes.push_back(test.Class(draw.row));
  eval::CheckEnoughOthers(torch::tensor(classes), eval::RPrecisionOptions().wrong,
                          "--" + flag + "=" + std::to_string(images));
}

}  // namespace helio::app
