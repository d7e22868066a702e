#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dataio/dataset.h"
#include "src/base/tensor.h"

namespace helio::dataio {

// Sentence embeddings of a split, in a file beside its shards (docs/formats.md): a vector a caption, in the
// data set's order. Immutable, thread-safe.
class Embeddings {
 public:
  // Maps `dataset`'s file. Throws Error{kUser} where there is none, Error{kData} where it is of another data
  // set or its header is damaged.
  explicit Embeddings(const Dataset& dataset);
  // Reads all vectors. Throws Error{kData} where they are not those that were written.
  void CheckContent() const;

  int64_t size() const { return vectors_.size(1); }          // D
  const std::string& digest() const { return digest_; }      // of the vectors: tells their makers apart
  const std::string& protocol() const { return protocol_; }  // what made them, in words
  // The network that made them: digest of its weights, and the file that held them; empty where not known.
  const std::string& encoder() const { return encoder_; }
  const std::string& encoder_file() const { return encoder_file_; }
  // How many words of a caption it read at most; 0: it read characters, or it is not known.
  int64_t words() const { return words_; }

  // {rows, D} float32: of each row the mean over `count` of its captions, all different as far as it has so
  // many, or with `repeat` each drawn anew; which ones is a function of the row's key.
  torch::Tensor Means(std::span<const int64_t> rows, int64_t count,
                      const std::function<uint64_t(int64_t row)>& key, bool repeat = false) const;

  // {rows, D}: those of one caption a row.
  torch::Tensor OfCaptions(std::span<const int64_t> rows, std::span<const int64_t> captions) const;

  static std::filesystem::path FileOf(const Dataset& dataset);

 private:
  const Dataset& dataset_;
  torch::Tensor vectors_;  // {captions, D}
  std::string digest_, protocol_, encoder_, encoder_file_;
  int64_t words_ = 0;
};

// How embeddings were made: in words, and where a network of ours made them, which, and of how many words at
// most (Embeddings::encoder, words).
struct EmbeddingsOrigin {
  std::string protocol, encoder = {}, encoder_file = {};
  int64_t words = 0;
};

// Writes the embeddings of all captions of a split, {captions, D} float32 in the data set's order, beside its
// shards. Throws Error{kSystem}.
void WriteEmbeddings(const Dataset& dataset, const torch::Tensor& vectors, const EmbeddingsOrigin& origin);

// Vectors that others made, by the names of pictures: the output of scripts/convert_embeddings.py.
struct NamedVectors {
  std::vector<std::string> ids;  // of the pictures
  torch::Tensor counts;          // {pictures} int64: vectors of each
  torch::Tensor vectors;         // {sum of counts, D} float32, in that order

  // Throws Error{kData} naming the file where it is no such file, or a vector is not finite.
  static NamedVectors Read(const std::filesystem::path& file);
};

// The vectors of all captions of the split {captions, D}, in the data set's order. Pictures that are not in
// the split are skipped. Throws Error{kUser} naming `where` and the records without a vector for each
// caption, or a name that comes twice.
torch::Tensor VectorsFor(const Dataset& dataset, const NamedVectors& named, const std::string& where);

}  // namespace helio::dataio
