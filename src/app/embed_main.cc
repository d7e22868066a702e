#include <algorithm>

#include "dataio/batch_rows.h"
#include "dataio/embeddings.h"
#include "dataio/evaluation_rows.h"
#include "src/app/main.h"
#include "src/app/sentence_encoder_file.h"
#include "src/app/training_checks.h"
#include "src/app/training_flags.h"
#include "src/base/error.h"
#include "src/base/file_system.h"

namespace helio::app {
namespace {

struct EmbedOptions {
  int64_t longest = 18;
  std::string text_encoder, import, import_from;

  void Declare(OptionList& list) {
    list.Add("longest", &longest, Between(1, 1000),
             "Longest caption that DAMSM reads; longer ones are cut to a random subset of their words");
    list.Add("text_encoder", &text_encoder, AnyValue(),
             "Encoder, by its weights char-CNN-RNN's or DAMSM's: best.safetensors");
    list.Add("import", &import, AnyValue(),
             "train:FILE or test:FILE: vectors that others made (scripts/convert_embeddings.py)");
    list.Add("import_from", &import_from, AnyValue(),
             "What the vectors of --import are called in messages and in the file; default: --import's file");
  }
};

// Every caption of a split, in the data set's order.
std::vector<dataio::Draw> AllCaptions(const dataio::Dataset& dataset) {
  std::vector<dataio::Draw> draws;
  for (int64_t row = 0; row < dataset.size(); ++row)
    for (int64_t caption = 0; caption < dataset.Captions(row); ++caption) draws.push_back({row, caption, 0});
  return draws;
}

torch::Tensor SentencesOf(const dataio::Dataset& dataset, recipes::SentenceEncoder& encoder, uint64_t seed) {
  constexpr size_t kAtOnce = 256;
  const auto draws = AllCaptions(dataset);
  std::vector<torch::Tensor> parts;
  for (size_t first = 0; first < draws.size(); first += kAtOnce) {
    const auto part = std::span(draws).subspan(first, std::min(kAtOnce, draws.size() - first));
    parts.push_back(encoder.Encode(dataio::EvaluationText(dataset, part, encoder.Needs(), seed)));
  }
  return torch::cat(parts);
}

void Write(const dataio::Dataset& split, const torch::Tensor& vectors,
           const dataio::EmbeddingsOrigin& origin) {
  dataio::WriteEmbeddings(split, vectors, origin);
  LOG(INFO) << "wrote " << dataio::Embeddings::FileOf(split).string() << ": " << vectors.size(0)
            << " captions, " << vectors.size(1) << " dimensions, " << origin.protocol;
}

// Both splits of a data set, which share its vocabulary.
void EmbedData(const std::string& folder, const TrainingOptions& options, const std::string& flag,
               const std::string& file, int64_t longest) {
  const dataio::Dataset splits[] = {{folder, "train"}, {folder, "test"}};
  std::ranges::for_each(splits, &dataio::CheckHasCaptions);
  for (const auto& split : splits) CheckCanWrite(dataio::Embeddings::FileOf(split));
  const auto encoder = ReadSentenceEncoder(file, flag, options.judges, splits[0].vocabulary(), longest);
  const auto digest = encoder->Digest();
  const auto protocol =
      encoder->name() + " " + digest.substr(0, 12) + ", seed " + std::to_string(options.run.seed);
  const int64_t words = encoder->Needs().captions ? encoder->Needs().words : 0;
  for (const auto& split : splits)
    Write(split, SentencesOf(split, *encoder, options.run.seed),
          {protocol, digest, std::filesystem::absolute(file).string(), words});
}

// --import=SPLIT:FILE.
void ImportVectors(const std::string& folder, const EmbedOptions& own) {
  const auto colon = own.import.find(':');
  const auto split = own.import.substr(0, colon);
  if (colon == std::string::npos || (split != "train" && split != "test"))
    ThrowUser("must be train:FILE or test:FILE", "--import=" + own.import);
  const std::string file = own.import.substr(colon + 1);
  const auto from = own.import_from.empty() ? file : own.import_from;
  const dataio::Dataset dataset(folder, split);
  const auto vectors = dataio::VectorsFor(dataset, dataio::NamedVectors::Read(file), from);
  Write(dataset, vectors, {"imported from " + from});
}

// Which encoder, and the flag that named it.
std::pair<std::string, std::string> EncoderFile(const EmbedOptions& own, const RunOptions& run) {
  const auto weights = run.WeightFiles();
  const auto damsm = weights.find("damsm");
  if (own.text_encoder.empty() == (damsm == weights.end()))
    ThrowUser("one encoder is needed", "--text_encoder, --damsm",
              "name best.safetensors of helio-pretrain --recipe=char_cnn_rnn or --recipe=damsm");
  if (damsm == weights.end()) return {"--text_encoder", own.text_encoder};
  return {"--damsm", damsm->second};
}

int Run() {
  EmbedOptions own;
  const auto options = ReadTrainingOptionsWith(own, GivenFlags());
  CheckData(options.run);
  const auto folders = options.run.DataFolders();
  if (!own.import.empty()) {
    for (const auto& entry : folders) ImportVectors(entry.second, own);
    return 0;
  }
  const auto [flag, file] = EncoderFile(own, options.run);
  for (const auto& entry : folders) EmbedData(entry.second, options, flag, file, own.longest);
  return 0;
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterFlagsOf<helio::app::EmbedOptions>();
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage =
           "helio-embed writes a vector for each caption beside a data set's shards, for systems that read "
           "--sentence=embeddings: --data=DIR --text_encoder=FILE",
       .shared = {"data", "damsm", "weights", "seed", "embedding", "word_vector", "text_rnn", "log_format"}},
      &helio::app::Run);
}
