#include "dataio/batch_rows.h"

#include <algorithm>

#include "src/base/random.h"

namespace helio::dataio {

std::pair<torch::Tensor, torch::Tensor> PadCaptions(const std::vector<std::vector<int32_t>>& captions,
                                                    int64_t words) {
  auto ids = torch::zeros({static_cast<int64_t>(captions.size()), words}, torch::kInt64);
  auto lengths = torch::zeros({ids.size(0)}, torch::kInt64);
  for (size_t i = 0; i < captions.size(); ++i) {
    auto* row = ids.data_ptr<int64_t>() + static_cast<int64_t>(i) * words;
    std::copy(captions[i].begin(), captions[i].end(), row);
    lengths.data_ptr<int64_t>()[i] = static_cast<int64_t>(captions[i].size());
  }
  return {ids, lengths};
}

std::pair<torch::Tensor, torch::Tensor> CaptionsOf(const Dataset& dataset, std::span<const Draw> draws,
                                                   int64_t words,
                                                   const std::function<uint64_t(const Draw&)>& cut_key) {
  std::vector<std::vector<int32_t>> captions;
  for (const auto& draw : draws)
    captions.push_back(CutCaption(dataset.Tokens(draw.row, draw.caption), words, cut_key(draw)));
  return PadCaptions(captions, words);
}

void FillRows(const Dataset& dataset, std::span<const Draw> draws, int64_t words,
              const std::function<uint64_t(const Draw&)>& cut_key, Batch& batch) {
  std::vector<int64_t> classes;
  for (const auto& draw : draws) {
    batch.records.push_back(draw.row);
    batch.caption_indices.push_back(draw.caption);
    classes.push_back(dataset.Class(draw.row));
  }
  std::tie(batch.captions, batch.caption_lengths) = CaptionsOf(dataset, draws, words, cut_key);
  batch.classes = torch::tensor(classes, torch::kInt64);
}

void FillPictures(const Dataset& dataset, const PictureOptions& options,
                  const std::function<std::optional<uint64_t>(int64_t row)>& augment_key, Batch& batch) {
  const auto size = std::ssize(batch.records), side = options.side;
  // Rows of pixels, as they are decoded, seen as {B, 3, side, side}: channels-last memory.
  const auto bytes = torch::TensorOptions(torch::kUInt8).pinned_memory(options.pinned);
  batch.pictures = torch::empty({size, side, side, 3}, bytes).permute({0, 3, 1, 2});
  batch.mirrored = torch::zeros({size}, torch::kBool);
  for (int64_t i = 0; i < size; ++i) {
    const int64_t row = batch.records[static_cast<size_t>(i)];
    auto* target = batch.pictures.data_ptr<uint8_t>() + i * 3 * side * side;
    batch.mirrored.data_ptr<bool>()[i] =
        dataset.CropInto(row, static_cast<int>(side), augment_key(row), options.may_mirror, target).mirrored;
  }
}

}  // namespace helio::dataio
