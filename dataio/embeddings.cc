#include "dataio/embeddings.h"

#include <algorithm>

#include "dataio/sampler.h"
#include "src/base/checksum.h"
#include "src/base/error.h"
#include "src/base/json.h"
#include "src/base/numbers.h"
#include "src/base/random.h"
#include "src/base/safetensors.h"

namespace helio::dataio {
namespace {

constexpr const char* kTensor = "embeddings";

std::string DigestOf(const torch::Tensor& vectors) {
  return Digest({static_cast<const std::byte*>(vectors.const_data_ptr()), vectors.nbytes()});
}

// The captions that a mean is over.
std::vector<int64_t> DrawnCaptions(int64_t captions, int64_t count, uint64_t key, bool repeat) {
  if (!repeat) {
    auto drawn = ShuffledRows(captions, key);
    drawn.resize(std::min(drawn.size(), static_cast<size_t>(count)));
    return drawn;
  }
  std::vector<int64_t> drawn;
  RandomStream random(key);
  for (int64_t i = 0; i < count; ++i) drawn.push_back(random.Below(captions));
  return drawn;
}

std::string Recorded(const SafeTensors& file, const std::string& key, const std::string& where) {
  auto said = file.MetadataValue(key);
  if (said.empty()) ThrowData("does not say its '" + key + "'", where, "make it anew");
  return said;
}

// Files from before it was recorded do not say.
int64_t WordsIn(const SafeTensors& file) {
  constexpr int64_t kMost = 1000;
  const auto words = ParseNumber<int64_t>(file.MetadataValue("words"));
  return words && *words > 0 && *words <= kMost ? *words : 0;
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
  encoder_ = file.MetadataValue("encoder");
  encoder_file_ = file.MetadataValue("encoder_file");
  words_ = WordsIn(file);
}

void Embeddings::CheckContent() const {
  if (DigestOf(vectors_) != digest_)
    ThrowData("digest differs: its vectors are damaged", FileOf(dataset_).string(), "make it anew");
}

torch::Tensor Embeddings::Means(std::span<const int64_t> rows, int64_t count,
                                const std::function<uint64_t(int64_t row)>& key, bool repeat) const {
  std::vector<torch::Tensor> means;
  for (const int64_t row : rows) {
    auto drawn = DrawnCaptions(dataset_.Captions(row), count, key(row), repeat);
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

void WriteEmbeddings(const Dataset& dataset, const torch::Tensor& vectors, const EmbeddingsOrigin& origin) {
  CHECK(vectors.dim() == 2 && vectors.size(0) == dataset.captions()) << vectors.sizes();
  const auto plain = vectors.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  WriteSafeTensors(Embeddings::FileOf(dataset), {{kTensor, plain}},
                   {{"data", dataset.digest()},
                    {"digest", DigestOf(plain)},
                    {"protocol", origin.protocol},
                    {"encoder", origin.encoder},
                    {"encoder_file", origin.encoder_file},
                    {"words", std::to_string(origin.words)},
                    {"split", dataset.split()}});
}

namespace {

// A list of strings. The file is of other hands.
std::vector<std::string> NamesOfJson(const std::string& json, const std::string& where) {
  const auto list = ParseJson(json, where);
  const bool strings =
      list.is_array() && std::ranges::all_of(list, [](const Json& name) { return name.is_string(); });
  if (!strings)
    ThrowData("holds no names: its 'ids' are no list of strings", where, "scripts/convert_embeddings.py");
  return list.get<std::vector<std::string>>();
}

void CheckVectors(const NamedVectors& named, const std::string& where) {
  const auto rows = named.vectors.size(0);
  const bool counted = std::ssize(named.ids) == named.counts.size(0) &&
                       !(named.counts.lt(1) | named.counts.gt(rows)).any().item<bool>() &&
                       named.counts.sum().item<int64_t>() == rows;
  if (!counted) ThrowData("does not have as many vectors as it says", where);
  if (rows == 0 || named.vectors.size(1) == 0) ThrowData("has no vectors, or none of any dimension", where);
  const auto broken = named.vectors.isfinite().all(1).logical_not().nonzero();
  if (broken.size(0) == 0) return;
  const auto first = named.counts.cumsum(0).le(broken[0].item<int64_t>()).sum().item<int64_t>();
  ThrowData("a vector of '" + named.ids[static_cast<size_t>(first)] + "' is not finite", where);
}

std::map<std::string, torch::Tensor> VectorsByName(const NamedVectors& named, const std::string& where) {
  std::map<std::string, torch::Tensor> of;
  const auto* counts = named.counts.const_data_ptr<int64_t>();
  int64_t first = 0;
  for (size_t i = 0; i < named.ids.size(); ++i) {
    if (!of.emplace(named.ids[i], named.vectors.narrow(0, first, counts[i])).second)
      ThrowUser("names '" + named.ids[i] + "' twice", where,
                "one of them is of another picture: correct the names");
    first += counts[i];
  }
  return of;
}

}  // namespace

NamedVectors NamedVectors::Read(const std::filesystem::path& path) {
  const std::string where = path.string();
  const auto file = ReadSafeTensors(path);
  const auto ids = file.metadata.find("ids");
  const auto *vectors = file.Find("vectors"), *counts = file.Find("counts");
  if (ids == file.metadata.end() || !vectors || !counts || vectors->dim() != 2 || counts->dim() != 1 ||
      !vectors->is_floating_point() || counts->is_floating_point())
    ThrowData("holds no vectors of named pictures", where, "scripts/convert_embeddings.py makes such files");
  NamedVectors named{NamesOfJson(ids->second, where), counts->to(torch::kInt64),
                     vectors->to(torch::kFloat32)};
  CheckVectors(named, where);
  return named;
}

torch::Tensor VectorsFor(const Dataset& dataset, const NamedVectors& named, const std::string& where) {
  const auto of = VectorsByName(named, where);
  std::vector<torch::Tensor> parts;
  std::vector<std::string> misfits;
  for (int64_t row = 0; row < dataset.size(); ++row) {
    const auto id = dataset.Id(row);
    const auto found = of.find(id);
    const int64_t vectors = found == of.end() ? 0 : found->second.size(0), captions = dataset.Captions(row);
    if (vectors == captions)
      parts.push_back(found->second);
    else
      misfits.push_back("'" + id + "' (" + std::to_string(vectors) + " vectors, " + std::to_string(captions) +
                        " captions)");
  }
  if (!misfits.empty())
    ThrowUser("do not fit " + std::to_string(misfits.size()) + " of the " + std::to_string(dataset.size()) +
                  " records of split '" + dataset.split() + "', the first of them " + misfits.front(),
              where,
              "each record needs a vector for each of its captions; is it the embeddings of this split?");
  return torch::cat(parts);
}

}  // namespace helio::dataio
