#pragma once
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "dataio/batch.h"
#include "dataio/crop.h"
#include "dataio/sampler.h"

// Rows of a data set as the tensors of a domain: what the training loader and evaluations share.
namespace helio::dataio {

// Captions as int64 tensors.
struct PaddedCaptions {
  torch::Tensor ids;      // {B, words}, 0 beyond a caption's end
  torch::Tensor lengths;  // {B}
};
// The captions, of at most `words` ids each, padded with 0.
PaddedCaptions PadCaptions(const std::vector<std::vector<int32_t>>& captions, int64_t words);

// Throws Error{kUser} if the set was packed without captions.
void CheckHasCaptions(const Dataset& dataset);

// Fills the records, classes and, where they are needed, captions and characters of `draws`, the rank's rows,
// into `domain`. A caption longer than the needs' words is cut by the key that `cut_key` gives it
// (CutCaption). Throws as CheckHasCaptions where captions are needed.
void FillRows(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
              const std::function<uint64_t(const Draw&)>& cut_key, Domain& domain);

struct PictureOptions {
  int64_t side;  // of the square that is shown
  bool may_mirror = true;
  bool pinned = false;  // page-locked memory
};

// A row's key for random crop and flip; nothing: the centre crop.
using AugmentKey = std::function<std::optional<uint64_t>(int64_t row)>;

struct CroppedRows {
  StoredPictures stored;        // for Upload (dataio/upload.h)
  std::vector<Window> windows;  // what each picture shows
};
// Throws Error{kData} on damaged records.
CroppedRows CropRows(const Dataset& dataset, std::span<const int64_t> rows, const PictureOptions& options,
                     const AugmentKey& key);

// {B, 4} and {B, P, 3} as Domain has them, of pictures seen through `windows`. Throws Error{kUser} where the
// shards do not say which part of the source a stored picture is.
torch::Tensor BoxesIn(const Dataset& dataset, std::span<const int64_t> rows, std::span<const Window> windows);
torch::Tensor KeyPointsIn(const Dataset& dataset, std::span<const int64_t> rows,
                          std::span<const Window> windows);

// A row of another class than `row`, a function of `key`. Throws Error{kUser} where none is found.
int64_t WrongRow(const Dataset& dataset, int64_t row, uint64_t key);

}  // namespace helio::dataio
