#pragma once
#include <filesystem>
#include <vector>

#include "cluster/communicator.h"
#include "src/eval/judges.h"
#include "src/eval/judging_progress.h"

// Pictures that other programs made, scored by our judges: no system, no captions.
namespace helio::eval {

struct FolderScoreOptions {
  std::filesystem::path fake;  // a folder of pictures
  std::filesystem::path real;  // a folder, or a file of features (WriteFeatures) or statistics; empty: none
  std::filesystem::path features;  // rank 0 writes both sides' features there; empty: nowhere
  ProgressCallback progress = {};  // of each folder
};

struct FolderScores {
  std::vector<Score> fake;  // Inception Score, and what judges.distances asks for
  std::vector<Score> real;  // Inception Score of a real folder; empty where it is none
};

// Collective; the same to the last digit on every rank and for every number of ranks with as many threads.
// Pictures keep their size until the trunk resizes them (judges.features_protocol says how). Throws
// Error{kUser} where features in a file were made by another judge, are not finite or no features of its, or
// are only statistics where rows are needed, and where a side has too few pictures: before any picture is
// judged.
FolderScores ScoreFolders(const Judges& judges, const FolderScoreOptions& options,
                          cluster::Communicator& communicator);

}  // namespace helio::eval
