#pragma once
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "dataio/batch.h"
#include "dataio/sampler.h"

// Rows of a data set as the tensors of a batch: what the training loader and evaluations share.
namespace helio::dataio {

// Captions as tensors: {B, words} ids padded with 0, and {B} lengths.
std::pair<torch::Tensor, torch::Tensor> PadCaptions(const std::vector<std::vector<int32_t>>& captions,
                                                    int64_t words);

// Those of draws; one that is longer than `words` loses words by the key that `cut_key` gives it.
std::pair<torch::Tensor, torch::Tensor> CaptionsOf(const Dataset& dataset, std::span<const Draw> draws,
                                                   int64_t words,
                                                   const std::function<uint64_t(const Draw&)>& cut_key);

// Records, captions and classes of `draws`, the rank's rows.
void FillRows(const Dataset& dataset, std::span<const Draw> draws, int64_t words,
              const std::function<uint64_t(const Draw&)>& cut_key, Batch& batch);

struct PictureOptions {
  int64_t side;  // of the square that is shown
  bool may_mirror = true;
  bool pinned = false;  // page-locked memory
};

// `pictures` and `mirrored` of batch.records, for Upload (dataio/upload.h). `augment_key` of a row: random
// crop and flip by that key; nothing: the centre crop. Throws Error{kData} on damaged records.
void FillPictures(const Dataset& dataset, const PictureOptions& options,
                  const std::function<std::optional<uint64_t>(int64_t row)>& augment_key, Batch& batch);

}  // namespace helio::dataio
