#include "dataio/embeddings.h"

#include "dataio/sampler.h"
#include "src/base/checksum.h"
#include "src/base/error.h"
#include "src/base/safetensors.h"

namespace helio::dataio {
namespace {

constexpr const char* kTensor = "embeddings";

std::string DigestOf(const torch::Tensor& vectors) {
  return Digest({static_cast<const std::byte*>(vectors.const_data_ptr()), vectors.nbytes()});
}

std::string Recorded(const SafeTensors& file, const std::string& key, const std::string& where) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) ThrowData("does not say its '" + key + "'", where, "make it anew");
  return found->second;
}

}  // namespace

std::filesystem::path Embeddings::FileOf(const Dataset& dataset) {
  return dataset.root() / ("embeddings." + dataset.split() + ".safetensors");
}

Embeddings::Embeddings(const Dataset& dataset) : dataset_(dataset) {
  const auto path = FileOf(dataset);
  const std::string where = path.string();
  if (!std::filesystem::exists(path))
    ThrowUser("is missing: this system needs sentence embeddings beside the shards", where,
              "helio-embed makes them");
  const auto file = ReadSafeTensors(path);
  if (Recorded(file, "data", where) != dataset.digest())
    ThrowData("is of another packing of the data set", where, "make it anew");
  const auto* vectors = file.Find(kTensor);
  if (!vectors || vectors->dim() != 2 || vectors->scalar_type() != torch::kFloat32 ||
      vectors->size(0) != dataset.captions())
    ThrowData("does not hold a float32 vector for each of the split's " + std::to_string(dataset.captions()) +
                  " captions",
              where, "make it anew");
  vectors_ = *vectors;
  digest_ = Recorded(file, "digest", where);
  protocol_ = Recorded(file, "protocol", where);
}

torch::Tensor Embeddings::Means(std::span<const int64_t> rows, int64_t count,
                                const std::function<uint64_t(int64_t row)>& key) const {
  std::vector<torch::Tensor> means;
  for (const int64_t row : rows) {
    auto drawn = ShuffledRows(dataset_.Captions(row), key(row));
    drawn.resize(std::min(drawn.size(), static_cast<size_t>(count)));
    for (auto& caption : drawn) caption += dataset_.FirstCaption(row);
    means.push_back(vectors_.index_select(0, torch::tensor(drawn, torch::kInt64)).mean(0));
  }
  return torch::stack(means);
}

torch::Tensor Embeddings::OfCaptions(std::span<const int64_t> rows, std::span<const int64_t> captions) const {
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < rows.size(); ++i) numbers.push_back(dataset_.FirstCaption(rows[i]) + captions[i]);
  return vectors_.index_select(0, torch::tensor(numbers, torch::kInt64));
}

void WriteEmbeddings(const Dataset& dataset, const torch::Tensor& vectors, const std::string& protocol) {
  CHECK(vectors.dim() == 2 && vectors.size(0) == dataset.captions()) << vectors.sizes();
  const auto plain = vectors.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  WriteSafeTensors(Embeddings::FileOf(dataset), {{kTensor, plain}},
                   {{"data", dataset.digest()},
                    {"digest", DigestOf(plain)},
                    {"protocol", protocol},
                    {"split", dataset.split()}});
}

}  // namespace helio::dataio
