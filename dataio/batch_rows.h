#pragma once
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "dataio/batch.h"
#include "dataio/crop.h"
#include "dataio/sampler.h"

// Rows of a data set as the tensors of a domain: what the training loader and evaluations share.
namespace helio::dataio {

// Captions as tensors: {B, words} ids padded with 0, and {B} lengths.
std::pair<torch::Tensor, torch::Tensor> PadCaptions(const std::vector<std::vector<int32_t>>& captions,
                                                    int64_t words);

// Those of draws; one that is longer than `words` loses words by the key that `cut_key` gives it.
std::pair<torch::Tensor, torch::Tensor> CaptionsOf(const Dataset& dataset, std::span<const Draw> draws,
                                                   int64_t words,
                                                   const std::function<uint64_t(const Draw&)>& cut_key);

// Throws Error{kUser} if the set was packed without captions.
void CheckHasCaptions(const Dataset& dataset);

// Records, classes and, where they are needed, captions and characters of `draws`, the rank's rows.
void FillRows(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
              const std::function<uint64_t(const Draw&)>& cut_key, Domain& domain);

struct PictureOptions {
  int64_t side;  // of the square that is shown
  bool may_mirror = true;
  bool pinned = false;  // page-locked memory
};

// A row's key for random crop and flip; nothing: the centre crop.
using AugmentKey = std::function<std::optional<uint64_t>(int64_t row)>;

// The pictures of `rows` for Upload (dataio/upload.h), and the window that each shows. Throws Error{kData} on
// damaged records.
std::pair<StoredPictures, std::vector<Window>> CropRows(const Dataset& dataset, std::span<const int64_t> rows,
                                                        const PictureOptions& options, const AugmentKey& key);

// {B, 4} and {B, P, 3} as Domain has them, of pictures seen through `windows`. Throws Error{kUser} where the
// shards do not say which part of the source a stored picture is.
torch::Tensor BoxesIn(const Dataset& dataset, std::span<const int64_t> rows, std::span<const Window> windows);
torch::Tensor KeyPointsIn(const Dataset& dataset, std::span<const int64_t> rows,
                          std::span<const Window> windows);

// A row of another class, a function of `key`. Throws Error{kUser} where there is none to be found.
int64_t WrongRow(const Dataset& dataset, int64_t row, uint64_t key);

}  // namespace helio::dataio
