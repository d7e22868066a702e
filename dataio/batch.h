#pragma once
#include <string>
#include <vector>

#include "src/base/rows.h"
#include "src/base/tensor.h"

namespace helio::dataio {

// One rank's part of a global batch. Rows are in global order: the whole batch is sorted by caption length,
// longest first (the published code's order, which decides its wrong pairs), then split over ranks by
// SplitRows. B = rows.local, S = images.size().
struct Batch {
  RowRange rows;
  // {B, 3, side, side} uint8, channels-last memory, in pinned host memory where the loader is told so: as the
  // loader gives it, before Upload().
  torch::Tensor pictures;
  torch::Tensor mirrored;  // {B} bool on the host: which of them are to be shown mirrored
  // Real images, smallest first, filled by Upload(): S tensors {B, 3, side_s, side_s}, float32 in [-1, 1],
  // channels-last memory. Lower sides are antialiased reductions of the largest.
  std::vector<torch::Tensor> images;
  torch::Tensor captions;         // {B, words} int64 word ids, 0 = <end> = padding
  torch::Tensor caption_lengths;  // {B} int64 in [1, words], descending over the global batch
  torch::Tensor classes;          // {B} int64 class ids; unique per record where the data set has no classes
  std::vector<int64_t> records;   // B dataset row numbers
  std::vector<int64_t> caption_indices;  // B: which of the record's captions was drawn
  int64_t epoch = 0;
  int64_t step_in_epoch = 0;
  int64_t ready_behind = 0;  // batches that lay ready in the loader when it gave this one; 0: it is the brake
};

}  // namespace helio::dataio
