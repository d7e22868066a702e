#include "src/app/training_options.h"

#include <filesystem>

#include "src/app/training_flags.h"
#include "src/base/error.h"
#include "src/base/text_list.h"
#include "src/recipes/registry.h"

namespace helio::app {
namespace {

// "ROLE:PATH,...": role -> path.
std::map<std::string, std::string> ByRole(const std::string& text, const std::string& flag,
                                          const std::string& example) {
  std::map<std::string, std::string> paths;
  for (const auto& entry : Split(text)) {
    const auto colon = entry.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == entry.size())
      ThrowUser("'" + entry + "' is not ROLE:FILE", flag, "for example " + flag + "=" + example);
    paths[entry.substr(0, colon)] = entry.substr(colon + 1);
  }
  return paths;
}

// The options of the system that `values` names; none where it is no system.
void DeclareSystem(const OptionValues& values, OptionList& list) {
  const auto recipe = values.find("recipe");
  if (recipe == values.end()) return;
  if (const auto* system = recipes::SystemOrNull(recipe->second)) system->declare(list);
}

// Sets the judges' options. What is wrong with them and the system's; a name that both have is told of once.
// The system's declaration is bound to its defaults, which are put back.
std::string SystemAndJudgeProblems(const OptionValues& values, const OptionList& judges) {
  OptionList system;
  DeclareSystem(values, system);
  const auto defaults = system.Defaults();
  const auto problems = system.TryAssign(values);
  system.TryAssign(defaults);
  judges.TryAssign(values);
  auto others = values;
  for (const auto& entry : defaults) others.erase(entry.first);
  return problems + judges.TryAssign(others);
}

OptionValues Merged(OptionValues values, const OptionValues& more) {
  for (const auto& [name, value] : more) values[name] = value;
  return values;
}

OptionValues CadenceOf(const OptionList& list, const OptionValues& values) {
  auto cadence = list.Values(values);
  for (const auto& entry : list.MatchedValues(values)) cadence.erase(entry.first);
  // Hosts may have these files at other places (their contents are compared), and other numbers of cores.
  for (const char* own : {"out", "data", "weights", "initial", "threads", "workers", "prefetch",
                          "metrics_bind", "push_gateway", "device"})
    cadence.erase(own);
  for (const auto& role : recipes::WeightRoles()) cadence.erase(role.name);
  return cadence;
}

// Of evaluations in training.
void DeclareEvaluations(OptionList& list, RunOptions& run) {
  list.AddOperational("evaluate_images", &run.evaluate_images, Between(1, 1e7),
                      "Images of an evaluation, over all ranks together");
  list.AddOperational(
      "evaluate_fid", &run.evaluate_distances.fid, AnyValue(),
      "Evaluations also give the Frechet distance of --classifier's features (--keep_best=-fid)");
  list.AddOperational("evaluate_kid", &run.evaluate_distances.kid, AnyValue(),
                      "Evaluations also give the kernel distance of these features");
  list.AddOperational("evaluate_prdc", &run.evaluate_distances.prdc, AnyValue(),
                      "Evaluations also give precision, recall, density and coverage of these features");
}

}  // namespace

void RunOptions::Declare(OptionList& list) {
  static const auto& systems = *new std::string("System to train: " + Join(recipes::SystemNames()));
  list.Group("What is trained");
  list.Add("recipe", &recipe, AnyValue(), systems.c_str());
  list.AddOperational("data", &data, AnyValue(),
                      "Packed data set: a folder with manifest.json, made by helio-pack; or ROLE:FOLDER,... "
                      "for a system of several");
  list.Add("seed", &seed, AnyValue(), "Everything random is a function of it");
  list.Add("batch", &batch, AtLeast(1),
           "Images of a step, over all ranks together; wrong pairs and batch norm need two of them");
  list.AddOperational("steps", &steps, AtLeast(0), "Train up to this step (0: --epochs decides)");
  list.AddOperational("epochs", &epochs, AtLeast(0), "Train for this many passes over the training split");
  list.Add("dtype", &dtype, kDtypes, "Of networks; float64: tests, by default on CPUs");
  list.AddOperational("weights", &weights, AnyValue(),
                      "ROLE:FILE,... weights of frozen or initial networks by role; --damsm=FILE is "
                      "--weights=damsm:FILE");
  for (const auto& role : recipes::WeightRoles())
    list.AddOperational(role.name, &role_files[role.name], AnyValue(), role.help);
  list.AddOperational(
      "initial", &initial, AnyValue(),
      "PART:FILE,... weights that trained networks begin with (netG:netG.safetensors): published "
      "ones, converted, or exported ones; with --steps=0 --epochs=0 the run is these alone");
  list.Add("random_frozen", &random_frozen, AnyValue(),
           "Let frozen networks without a file have seeded random weights (trials without weights)");
  list.Group("Optimizers");
  list.Add("ema_batch_norm", &ema_batch_norm, kAveragedStatistics,
           "Batch-norm statistics of the averaged generator; published: live");
  list.Group("Checkpoints, reports");
  DeclareEvaluations(list, *this);
  list.AddOperational("dry_run", &dry_run, AnyValue(),
                      "Check everything, print the resolved configuration, train nothing");
  list.AddOperational("log_format", &log_format, OneOf({"text", "json"}), "Of log lines");
  list.Group("Ranks and machine");
  list.AddOperational(
      "threads", &threads, Between(0, 1024),
      "Compute threads of a rank (0: its share of the host's cores, or of a container's or job's limit)");
  list.Add("batch_norm", &batch_norm, kBatchNormExtents,
           "Batch-norm statistics: of the whole batch, of a host's part or of a rank's part");
  list.Add("negatives", &negatives, kNegativesExtents, "Wrong pairs and DAMSM negatives");
}

std::map<std::string, std::string> RunOptions::WeightFiles() const {
  auto files = ByRole(weights, "--weights", "damsm:runs/damsm/best.safetensors");
  for (const auto& [role, file] : role_files)
    if (!file.empty()) files.emplace(role, file);
  return files;
}

std::map<std::string, std::string> RunOptions::InitialFiles() const {
  return ByRole(initial, "--initial", "netG:netG.safetensors");
}

std::map<std::string, std::string> RunOptions::DataFolders() const {
  std::error_code unreadable;
  if (data.empty()) return {};
  if (data.find(':') == std::string::npos || std::filesystem::is_directory(data, unreadable))
    return {{"data", data}};
  return ByRole(data, "--data", "photos:data/photos,paintings:data/paintings");
}

void TrainingOptions::Declare(OptionList& list) {
  run.Declare(list);
  loader.Declare(list);
  trainer.Declare(list);
  launch.Declare(list);
  session.Declare(list);
  metrics.Declare(list);
}

TrainingOptions ReadTrainingOptions(const OptionValues& values, std::string& problems) {
  TrainingOptions options;
  options.values = values;
  OptionList list, judges;
  options.Declare(list);
  options.judges.Declare(judges);
  problems += list.TryAssign(values) + SystemAndJudgeProblems(values, judges);
  options.session.seed = options.loader.seed = options.run.seed;
  options.session.global_batch = options.run.batch;
  options.session.dtype = options.run.dtype;
  options.loader.batches_per_step = options.trainer.accumulate;
  options.loader.global_batch = options.run.batch / options.trainer.accumulate;
  if (options.run.dtype == torch::kFloat64 && options.launch.device == cluster::WantedDevice::kAuto)
    options.launch.device = cluster::WantedDevice::kCpu;
  return options;
}

TrainingOptions ReadTrainingOptionsWith(const OptionList& own, const OptionValues& values) {
  auto problems = own.TryAssign(values);
  auto options = ReadTrainingOptions(values, problems);
  ThrowAnyFlagProblems(problems);
  return options;
}

ResolvedOptions Resolve(const OptionValues& given) {
  TrainingOptions options;
  OptionList list, system, judges;
  options.Declare(list);
  options.judges.Declare(judges);
  DeclareSystem(given, system);
  return {.read = Merged(Merged(judges.Values(given), list.Values(given)), system.Values(given)),
          .computed = Merged(list.MatchedValues(given), system.MatchedValues(given)),
          .defaults = Merged(list.Defaults(), system.Defaults()),
          .cadence = CadenceOf(list, given)};
}

std::string UnreadOptions(const OptionValues& given, const ResolvedOptions& resolved) {
  std::string unread;
  for (const auto& entry : given)
    if (!resolved.read.contains(entry.first)) unread += " --" + entry.first;
  return unread;
}

}  // namespace helio::app
