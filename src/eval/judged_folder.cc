#include "src/eval/judged_folder.h"

#include "src/base/checksum.h"
#include "src/base/error.h"
#include "src/base/log.h"
#include "src/eval/gather_partial.h"

namespace helio::eval {
namespace {

// Chunks are the same pictures for every number of ranks, so that networks see the same batches.
constexpr int64_t kPicturesAtOnce = 64;

// Neighbours of one size.
struct Alike {
  std::vector<torch::Tensor> values;
  std::vector<int64_t> checksums;
};

// What the judge says of pictures of one size {n, 3, h, w}.
NamedTensors Judged(nn::Classifier classifier, torch::Device device, const torch::Tensor& images) {
  torch::NoGradGuard no_grad;
  const auto pooled = classifier->Pooled(images.to(device));
  return {{"features", pooled.cpu()}, {"probabilities", classifier->Probabilities(pooled).cpu()}};
}

// Pictures of one size, of which the last stands before row `end`; leaves none.
void JudgeAlike(Alike& alike, int64_t end, const Judges& judges, RowCollector& rows) {
  auto judged = Judged(judges.classifier, judges.device, torch::stack(alike.values));
  const auto count = static_cast<int64_t>(alike.values.size());
  judged.emplace_back("positions", torch::arange(end - count, end, torch::kInt64));
  judged.emplace_back("checksums", torch::tensor(alike.checksums, torch::kInt64));
  rows.Add(judged);
  alike = {};
}

void CheckSide(const torch::Tensor& picture, int64_t least, const std::filesystem::path& file) {
  if (std::min(picture.size(1), picture.size(2)) < least)
    ThrowUser("is of " + std::to_string(picture.size(2)) + " x " + std::to_string(picture.size(1)) +
                  " pixels, the judge needs " + std::to_string(least) + " a side",
              file.string(), "take it away, or name a classifier of --classifier_trunk=inception_v3");
}

// Rows [first, last), neighbours of one size together.
void JudgeRows(const PictureFolder& folder, const Judges& judges, int64_t first, int64_t last,
               RowCollector& rows) {
  Alike alike;
  for (int64_t row = first; row < last; ++row) {
    auto picture = folder.Read(row);
    CheckSide(picture.values, judges.classifier->trunk().least_side(), folder.File(row));
    if (!alike.values.empty() && picture.values.sizes() != alike.values[0].sizes())
      JudgeAlike(alike, row, judges, rows);
    alike.values.push_back(std::move(picture.values));
    alike.checksums.push_back(static_cast<int64_t>(picture.checksum));
  }
  JudgeAlike(alike, last, judges, rows);
}

}  // namespace

NamedTensors JudgeFolder(const PictureFolder& folder, const Judges& judges, const ProgressCallback& progress,
                         cluster::Communicator& communicator) {
  const bool tells = communicator.rank() == 0;
  const auto where = folder.root().string();
  if (tells && !folder.passed_over().empty())
    LOG(WARNING) << where << ": passed over " << folder.passed_over();
  RowCollector collected;
  for (int64_t first = communicator.rank() * kPicturesAtOnce; first < folder.size();
       first += communicator.size() * kPicturesAtOnce) {
    JudgeRows(folder, judges, first, std::min(first + kPicturesAtOnce, folder.size()), collected);
    ReportProgress(progress, first, kPicturesAtOnce, communicator.size(), folder.size());
  }
  auto rows = GatherPartial(collected.Rows(), communicator);
  if (const auto repeated = Repeated(FindTensor(rows, "checksums", where)); tells && repeated > 0)
    LOG(WARNING) << where << ": " << repeated << " of " << folder.size()
                 << " pictures are copies of others: kid and the ball scores take that for likeness";
  return rows;
}

std::string FolderDigest(const torch::Tensor& checksums) {
  const auto values = checksums.contiguous();
  return Digest(std::as_bytes(std::span(values.const_data_ptr<int64_t>(), checksums.numel()))).substr(0, 12);
}

int64_t Repeated(const torch::Tensor& checksums) {
  return checksums.size(0) - std::get<0>(at::_unique(checksums)).size(0);
}

}  // namespace helio::eval
