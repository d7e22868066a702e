#pragma once
#include "cluster/communicator.h"
#include "src/eval/judges.h"
#include "src/eval/judging_progress.h"
#include "src/eval/picture_folder.h"

namespace helio::eval {

// What the classifier says of a folder's pictures: "features", "probabilities" and the files' "checksums", a
// row a picture. Collective: the ranks share the pictures, and each has all rows. Warns of files that are
// there more than once.
NamedTensors JudgeFolder(const PictureFolder& folder, const Judges& judges, const ProgressCallback& progress,
                         cluster::Communicator& communicator);

// 12 digits of what is in a folder, in its order, by the files' `checksums` {N}.
std::string FolderDigest(const torch::Tensor& checksums);

// How many of `checksums` {N} stand there already further up.
int64_t Repeated(const torch::Tensor& checksums);

}  // namespace helio::eval
