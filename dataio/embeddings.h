#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "dataio/dataset.h"
#include "src/base/tensor.h"

namespace helio::dataio {

// Sentence embeddings of a split, in a file beside its shards (docs/formats.md): a vector a caption, in the
// data set's order. Immutable, thread-safe.
class Embeddings {
 public:
  // Maps `dataset`'s file. Throws Error{kUser} where there is none, Error{kData} where it is of another data
  // set or damaged.
  explicit Embeddings(const Dataset& dataset);

  int64_t size() const { return vectors_.size(1); }          // D
  const std::string& digest() const { return digest_; }      // of the vectors: tells providers apart
  const std::string& protocol() const { return protocol_; }  // what made them, in words

  // {rows, D} float32: of each row the mean over `count` of its captions, all different as far as it has so
  // many; which ones is a function of the row's key.
  torch::Tensor Means(std::span<const int64_t> rows, int64_t count,
                      const std::function<uint64_t(int64_t row)>& key) const;

  // {rows, D}: those of one caption a row.
  torch::Tensor OfCaptions(std::span<const int64_t> rows, std::span<const int64_t> captions) const;

  static std::filesystem::path FileOf(const Dataset& dataset);

 private:
  const Dataset& dataset_;
  torch::Tensor vectors_;  // {captions, D}
  std::string digest_, protocol_;
};

// Writes the embeddings of all captions of a split, {captions, D} float32 in the data set's order, beside its
// shards. `protocol`: the encoder and its digest, in words. Throws Error{kSystem}.
void WriteEmbeddings(const Dataset& dataset, const torch::Tensor& vectors, const std::string& protocol);

}  // namespace helio::dataio
