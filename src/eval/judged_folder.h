#pragma once
#include "cluster/communicator.h"
#include "src/eval/judges.h"
#include "src/eval/judging_progress.h"
#include "src/eval/picture_folder.h"

namespace helio::eval {

// What the classifier makes of a folder's pictures: "features", "probabilities" and the files' "checksums", a
// row for each picture. Collective: the ranks share the pictures, and each gets all rows. Warns of files that
// are there more than once.
NamedTensors JudgeFolder(const PictureFolder& folder, const Judges& judges, const ProgressCallback& progress,
                         cluster::Communicator& communicator);

// A digest of 12 hex digits of a folder's files in their order, from their `checksums` {N}.
std::string FolderDigest(const torch::Tensor& checksums);

// How many of `checksums` {N} equal an earlier one.
int64_t Repeated(const torch::Tensor& checksums);

}  // namespace helio::eval
