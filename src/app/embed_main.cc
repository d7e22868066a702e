#include <algorithm>

#include "dataio/batch_rows.h"
#include "dataio/embeddings.h"
#include "dataio/evaluation_rows.h"
#include "src/app/main.h"
#include "src/app/training_checks.h"
#include "src/app/training_data.h"
#include "src/app/training_flags.h"
#include "src/app/training_structs.h"
#include "src/base/error.h"
#include "src/nn/freeze.h"
#include "src/recipes/parts.h"

namespace helio::app {
namespace {

struct EmbedOptions {
  int64_t longest = 18;

  void Declare(OptionList& list) {
    list.Add("longest", &longest, Between(1, 1000),
             "Longest caption that is read; longer ones are cut to a random subset of their words");
  }
};

// Every caption of a split, in the data set's order.
std::vector<dataio::Draw> AllCaptions(const dataio::Dataset& dataset) {
  std::vector<dataio::Draw> draws;
  for (int64_t row = 0; row < dataset.size(); ++row)
    for (int64_t caption = 0; caption < dataset.Captions(row); ++caption) draws.push_back({row, caption, 0});
  return draws;
}

torch::Tensor SentencesOf(const dataio::Dataset& dataset, nn::TextEncoder& encoder, int64_t longest,
                          uint64_t seed) {
  constexpr size_t kAtOnce = 256;
  const torch::NoGradGuard no_grad;
  const auto draws = AllCaptions(dataset);
  std::vector<torch::Tensor> parts;
  for (size_t first = 0; first < draws.size(); first += kAtOnce) {
    const auto part = std::span(draws).subspan(first, std::min(kAtOnce, draws.size() - first));
    const auto text = dataio::EvaluationText(dataset, part, {.words = longest}, seed);
    parts.push_back(encoder->forward(text.captions, text.caption_lengths).sentence);
  }
  return torch::cat(parts);
}

// Both splits of a data set, which share its vocabulary.
void EmbedData(const std::string& folder, int64_t longest, const TrainingOptions& options) {
  const dataio::Dataset splits[] = {{folder, "train"}, {folder, "test"}};
  std::ranges::for_each(splits, &dataio::CheckHasCaptions);
  const auto& vocabulary = splits[0].vocabulary();
  auto encoder = recipes::MakeTextEncoder(options.judges, vocabulary.size());
  recipes::LoadPretrained(*encoder, ReadWeights(options.run, vocabulary), "damsm", "text_encoder.");
  nn::Freeze(*encoder);
  const auto protocol = "sentence features of DAMSM's text encoder " +
                        WeightsDigest(StateOf(*encoder)).substr(0, 12) + ", captions of at most " +
                        std::to_string(longest) + " words, seed " + std::to_string(options.run.seed);
  for (const auto& split : splits) {
    const auto vectors = SentencesOf(split, encoder, longest, options.run.seed);
    dataio::WriteEmbeddings(split, vectors, protocol);
    LOG(INFO) << "wrote " << dataio::Embeddings::FileOf(split).string() << ": " << vectors.size(0)
              << " captions, " << vectors.size(1) << " dimensions";
  }
}

int Run() {
  EmbedOptions own;
  const auto options = ReadTrainingOptionsWith(own, GivenFlags());
  CheckData(options.run);
  if (!options.run.WeightFiles().contains("damsm"))
    ThrowUser("is missing", "--damsm", "name best.safetensors of helio-pretrain --recipe=damsm");
  for (const auto& entry : options.run.DataFolders()) EmbedData(entry.second, own.longest, options);
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
           "--sentence=embeddings: --data=DIR --damsm=FILE",
       .shared = {"data", "damsm", "weights", "seed", "embedding", "word_vector", "text_rnn", "log_format"}},
      &helio::app::Run);
}
