#pragma once
#include <string>
#include <vector>

#include "dataio/domain_needs.h"
#include "src/base/rows.h"
#include "src/base/tensor.h"

namespace helio::dataio {

// Pictures on their way to the device.
struct StoredPictures {
  // {B, 3, side, side} uint8, channels-last memory, in pinned host memory where the loader is told so.
  torch::Tensor pixels;
  torch::Tensor mirrored;  // {B} bool on the host: which of them are to be shown mirrored
};

// A rank's rows of one data set, B of them. What was not asked for (DomainNeeds) is undefined or empty.
struct Domain {
  std::vector<int64_t> records;          // data set row numbers
  std::vector<int64_t> caption_indices;  // which of the record's captions was drawn
  StoredPictures stored, wrong_stored;   // as the loader gives them; Upload() releases them
  // Real pictures, smallest first, filled by Upload(): a tensor {B, 3, side, side} a side, float32 in [-1,
  // 1], channels-last memory. Lower sides are antialiased reductions of the largest.
  std::vector<torch::Tensor> images;
  std::vector<torch::Tensor> wrong_images;  // the same, each of another class than its row
  torch::Tensor captions;                   // {B, words} int64 word ids, 0 = <end> = padding
  torch::Tensor caption_lengths;  // {B} int64 in [1, words], on the host: recurrent networks are told there
  torch::Tensor classes;          // {B} int64 class ids; unique per record where the data set has no classes
  // Geometry of the picture as it is shown, cropped and mirrored with it, in units of its side: 0 is left or
  // top, 1 right or bottom, beyond them what was cut off.
  torch::Tensor boxes;       // {B, 4} float32: left, top, width, height; zeros where the record has none
  torch::Tensor key_points;  // {B, P, 3} float32: x, y, 1; zeros where not visible. "left" stays the animal's
                             // own left under mirroring, as published
  torch::Tensor embeddings;  // {B, D} float32
  torch::Tensor characters;  // {B, captions, places} int64 numbers of characters (src/base/characters.h)
};

// One rank's part of a global batch: rows of one or several data sets. Rows are in global order (Order), then
// split over ranks by SplitRows.
struct Batch {
  RowRange rows;
  std::vector<Domain> domains{Domain()};  // as System::Needs names them
  int64_t epoch = 0;                      // of the largest data set
  int64_t batch_in_epoch = 0;
  int64_t ready_behind = 0;  // batches that were ready behind this one; 0: the loader is the bottleneck

  // The first domain: of most systems the only one.
  Domain& data() { return domains.front(); }
  const Domain& data() const { return domains.front(); }
};

}  // namespace helio::dataio
