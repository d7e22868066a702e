#include "src/app/score_folders.h"

#include "cluster/launch.h"
#include "src/app/picture_progress.h"
#include "src/app/pretrained_weights.h"
#include "src/app/run_setup.h"
#include "src/app/score_push.h"
#include "src/base/log.h"
#include "src/eval/report.h"

namespace helio::app {
namespace {

void CheckFolderOptions(const TrainingOptions& options, const eval::DistanceChoice& distances,
                        const eval::FolderScoreOptions& folders) {
  if (!options.run.WeightFiles().contains("classifier"))
    ThrowUser("is missing", "--classifier", "name the weights of the network that judges the pictures");
  if (options.session.out.empty()) ThrowUser("is missing", "--out", "name a folder for summary.json");
  if (folders.real.empty() && distances.any())
    ThrowUser("is missing", "--real", "--fid, --kid and --prdc compare with real pictures");
}

void TellScores(const eval::FolderScores& scores, const eval::FolderScoreOptions& folders,
                const TrainingOptions& options) {
  const auto& out = options.session.out;
  MakeFolders(out);
  eval::UpdateSummary(out / "summary.json", {{"generated", scores.fake, {{"folder", folders.fake.string()}}},
                                             {"real", scores.real, {{"folder", folders.real.string()}}}});
  PushScores(options, out, scores.fake);
  LOG(INFO) << "pictures of --fake:\n" << eval::FormatScores(scores.fake);
  if (scores.real.empty()) return;
  LOG(INFO) << "pictures of --real:\n" << eval::FormatScores(scores.real);
}

}  // namespace

int ScorePictureFolders(const TrainingOptions& options, const eval::DistanceChoice& distances,
                        const eval::FolderScoreOptions& folders, int64_t inception_splits) {
  CheckFolderOptions(options, distances, folders);
  cluster::Launch launch(options.launch);
  StartLogging("helio-eval", launch.world().rank, launch.world().size);
  return launch.Run([&] {
    auto& communicator = launch.communicator();
    UseThreads(options.run.threads, communicator);
    UseCudaProducts(Precision::kFloat32);
    const auto judges = eval::MakePictureJudges(
        options.judges, ReadWeights(options.run),
        {.device = launch.world().device, .distances = distances, .inception_splits = inception_splits});
    if (communicator.rank() == 0) eval::CheckReportPlaces(options.session.out, folders.features);
    auto watched = folders;
    watched.progress = PictureProgress("pictures", communicator.rank());
    const auto scores = eval::ScoreFolders(judges, watched, communicator);
    if (communicator.rank() == 0) TellScores(scores, folders, options);
    communicator.Barrier("report");
    return 0;
  });
}

}  // namespace helio::app
