#include "src/app/pretrained_weights.h"

#include <algorithm>

#include "src/base/error.h"
#include "src/base/finite.h"

namespace helio::app {
namespace {

// `vocabulary`: digest of the data set's, where there is one.
NamedTensors ReadWeightFile(const std::string& file, const std::string& flag,
                            const std::optional<std::string>& vocabulary) {
  const auto weights = ReadSafeTensors(file);
  if (vocabulary) CheckVocabulary(weights, *vocabulary, file, flag);
  if (const auto name = FirstNotFinite(weights.tensors); !name.empty())
    ThrowUser(file + " has weights that are not finite: " + name, flag, "train it again with a lower rate");
  return weights.tensors;
}

bool ReadsNoWords(const std::string& role) {
  return std::ranges::any_of(recipes::WeightRoles(),
                             [&](const auto& one) { return one.name == role && one.reads_no_words; });
}

recipes::PretrainedWeights ReadWeightFiles(const RunOptions& run,
                                           const std::optional<std::string>& vocabulary) {
  recipes::PretrainedWeights weights;
  for (const auto& [role, file] : run.WeightFiles())
    weights.by_role[role] =
        ReadWeightFile(file, "--weights=" + role, ReadsNoWords(role) ? std::nullopt : vocabulary);
  weights.random = run.random_frozen;
  return weights;
}

}  // namespace

void CheckVocabulary(const SafeTensors& weights, const std::string& digest, const std::string& file,
                     const std::string& flag) {
  if (const auto recorded = weights.MetadataValue("vocabulary"); !recorded.empty() && recorded != digest)
    ThrowUser(file + " was trained with another vocabulary than the data set's", flag,
              "pack the data with that vocabulary (helio-pack --vocab)");
}

recipes::PretrainedWeights ReadWeights(const RunOptions& run, const dataio::Vocabulary& vocabulary) {
  return ReadWeightFiles(run, vocabulary.Digest());
}

recipes::PretrainedWeights ReadWeights(const RunOptions& run) { return ReadWeightFiles(run, std::nullopt); }

}  // namespace helio::app
