#pragma once
#include "src/app/training_options.h"
#include "src/eval/folder_scores.h"

namespace helio::app {

// helio-eval --fake=DIR: pictures of other programs, by --classifier alone; into --out/summary.json. Throws
// Error{kUser} where an option is missing.
int ScorePictureFolders(const TrainingOptions& options, const eval::DistanceChoice& distances,
                        const eval::FolderScoreOptions& folders, int64_t inception_splits);

}  // namespace helio::app
