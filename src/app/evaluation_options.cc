#include "src/app/evaluation_options.h"

#include "src/app/training_checks.h"
#include "src/base/error.h"

namespace helio::app {
namespace {

constexpr int64_t kLeastInFolds = 10;  // a picture, or a caption, in each fold

void NeedImages(const HelioEvalOptions& own, int64_t least, const std::string& flag) {
  if (own.images < least)
    ThrowUser(flag + " needs at least " + std::to_string(least) + " pictures",
              "--images=" + std::to_string(own.images));
}

// `classified`: by a classifier.
void CheckCounts(const HelioEvalOptions& own, bool classified) {
  if (own.by_class) return NeedImages(own, kLeastInFolds, "--by_class");
  if (own.diversity > 1)
    NeedImages(own, kLeastInFolds * own.diversity, "--diversity=" + std::to_string(own.diversity));
  if (!classified) return;
  NeedImages(own, own.inception_splits, "--inception_splits=" + std::to_string(own.inception_splits));
  NeedImages(own, own.least_rows(), "a comparison with real pictures");
}

}  // namespace

void HelioEvalOptions::Declare(OptionList& list) {
  list.Add("checkpoint", &checkpoint, AnyValue(), "A run's folder, or one of its checkpoints");
  list.Add("attributes", &attributes, AnyValue(),
           "attributes.json of helio-synth: also score which part has which colour");
  DistanceChoice::Declare(list);
  list.Add("features", &folders.features, AnyValue(),
           "Write the features that --fid, --kid and --prdc compare to this .safetensors file");
  list.Add("fake", &folders.fake, AnyValue(),
           "Instead of a checkpoint: a folder of pictures that any program made, judged by --classifier");
  list.Add("real", &folders.real, AnyValue(),
           "With --fake: the folder of real pictures to compare with, or a file of --features or statistics");
  list.Add("by_class", &by_class, AnyValue(),
           "Score pictures of classes, not captions: how often --classifier sees the class that was asked "
           "for, of a training row (systems that draw classes)");
  list.Add("diversity", &diversity, Between(0, 16),
           "Also score how different pictures of one caption are: so many of each, of --images / --diversity "
           "captions; 0 or 1: no such score");
  list.Add("inception_splits", &inception_splits, Between(1, 1000),
           "Parts of the pictures that the Inception Score is the mean of");
  list.Add("images", &images, Between(1, 1e7), "Pictures to draw, over all ranks together");
}

void CheckEvalOptions(const HelioEvalOptions& own, const TrainingOptions& options) {
  if (own.checkpoint.empty())
    ThrowUser("is missing", "--checkpoint", "name a run's folder, or with --fake a folder of pictures");
  if (!own.folders.real.empty())
    ThrowUser("goes with --fake", "--real", "a checkpoint is compared with --data");
  CheckData(options.run);
  if (options.session.out.empty())
    ThrowUser("is missing", "--out", "name a folder for summary.json and samples.png");
  if (const auto weights = options.run.WeightFiles();
      !weights.contains("damsm") && !weights.contains("classifier"))
    ThrowUser("no judge", "--damsm, --classifier", "pass at least one");
  else if (!weights.contains("classifier") && (own.any() || !own.folders.features.empty()))
    ThrowUser("compare the features of a classifier", "--fid, --kid, --prdc, --features",
              "name its weights with --classifier");
  else if (!own.folders.features.empty() && !own.any())
    ThrowUser("has nothing to write", "--features", "without --fid, --kid or --prdc nothing is compared");
  CheckCounts(own, options.run.WeightFiles().contains("classifier"));
}

void CheckRealRows(const HelioEvalOptions& own, const dataio::Dataset& test) {
  if (test.size() < own.least_rows())
    ThrowUser("has only " + std::to_string(test.size()) + " held-out pictures, --fid, --kid or --prdc need " +
                  std::to_string(own.least_rows()),
              "--data", "pack more");
}

}  // namespace helio::app
