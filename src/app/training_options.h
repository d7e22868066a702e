#pragma once
#include <map>
#include <string>

#include "cluster/launch.h"
#include "dataio/loader.h"
#include "src/app/metrics_options.h"
#include "src/base/option_list.h"
#include "src/eval/judges.h"
#include "src/train/session_options.h"
#include "src/train/trainer.h"

// The options of the programs that train, judge and draw.
namespace helio::app {

inline constexpr Named<torch::Dtype> kDtypes[] = {{torch::kFloat32, "float32"}, {torch::kFloat64, "float64"}};

// --batch_norm and --negatives: whose rows of a batch are seen together.
enum class BatchExtent { kAllRanks, kHost, kRank };
inline constexpr Named<BatchExtent> kBatchNormExtents[] = {
    {BatchExtent::kAllRanks, "global"}, {BatchExtent::kHost, "node"}, {BatchExtent::kRank, "local"}};
inline constexpr Named<BatchExtent> kNegativesExtents[] = {{BatchExtent::kAllRanks, "global"},
                                                           {BatchExtent::kRank, "local"}};

// --ema_batch_norm: the batch-norm statistics of averaged weights.
enum class AveragedStatistics {
  kLive,         // those of the weights that are trained
  kReestimated,  // of their own, over training rows
};
inline constexpr Named<AveragedStatistics> kAveragedStatistics[] = {
    {AveragedStatistics::kLive, "live"}, {AveragedStatistics::kReestimated, "reestimated"}};

// The options that belong to no layer below src/app.
struct RunOptions {
  std::string recipe, data;
  uint64_t seed = 1;
  int64_t batch = 20;
  int64_t steps = 0;
  double epochs = 600;
  torch::Dtype dtype = torch::kFloat32;
  std::string weights, initial;
  std::map<std::string, std::string> role_files;  // one for each of recipes::WeightRoles()
  bool random_frozen = false;
  AveragedStatistics ema_batch_norm = AveragedStatistics::kLive;
  int64_t evaluate_images = 1000;
  eval::DistanceChoice evaluate_distances;
  bool dry_run = false;
  int32_t threads = 0;
  BatchExtent batch_norm = BatchExtent::kAllRanks, negatives = BatchExtent::kAllRanks;
  std::string log_format = "text";

  void Declare(OptionList& list);

  // --weights=ROLE:FILE,... and its aliases --ROLE=FILE: role -> file. Throws Error{kUser} on another form.
  std::map<std::string, std::string> WeightFiles() const;
  // --initial=PART:FILE,...: part -> file. Throws as WeightFiles.
  std::map<std::string, std::string> InitialFiles() const;
  // --data=ROLE:FOLDER,... or --data=FOLDER, which is the role "data": role -> folder. Throws as WeightFiles.
  std::map<std::string, std::string> DataFolders() const;
};

struct TrainingOptions {
  RunOptions run;
  dataio::LoaderOptions loader;
  train::TrainerOptions trainer;
  cluster::LaunchOptions launch;
  train::SessionOptions session;
  MetricsOptions metrics;
  eval::JudgeNetworks judges;
  OptionValues values;  // as given: what the system's own options are read from
  void Declare(OptionList& list);
};

// The options with `values`; what follows from others is filled in. Values that are out of range, also among
// those of the system that `values` names, are left out and added to `problems`, as OptionList::TryAssign
// says.
TrainingOptions ReadTrainingOptions(const OptionValues& values, std::string& problems);
// The same, but throws Error{kUser} with all problems; also with a program's own options, which it fills.
TrainingOptions ReadTrainingOptionsWith(const OptionList& own, const OptionValues& values);
template <typename Own>
TrainingOptions ReadTrainingOptionsWith(Own& own, const OptionValues& values) {
  OptionList list;
  own.Declare(list);
  return ReadTrainingOptionsWith(std::as_const(list), values);
}
inline TrainingOptions ReadTrainingOptions(const OptionValues& values) {
  return ReadTrainingOptionsWith(OptionList(), values);
}

// The options that a run and its system read: the values given, and the defaults of the rest, in canonical
// form.
struct ResolvedOptions {
  OptionValues read;
  OptionValues computed;  // of these, what decides what is computed: a resume must have the same
  OptionValues defaults;  // of these, but for the judges' own
  // Of those read that decide nothing: what all ranks must have the same. Not where files lie, nor threads.
  OptionValues cadence;
};
ResolvedOptions Resolve(const OptionValues& given);

// " --gf --df": those given that other systems read, and this one does not.
std::string UnreadOptions(const OptionValues& given, const ResolvedOptions& resolved);

}  // namespace helio::app
