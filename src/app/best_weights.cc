#include "src/app/best_weights.h"

#include "src/base/safetensors.h"

namespace helio::app {

BestWeights::BestWeights(std::filesystem::path path, bool anew) : path_(std::move(path)) {
  if (anew || !std::filesystem::exists(path_)) return;
  const auto file = ReadSafeTensors(path_);
  if (const auto score = file.metadata.find("score"); score != file.metadata.end())
    best_ = std::stod(score->second);
}

void BestWeights::Offer(const recipes::ValidationScore& score, bool higher_is_better, int64_t step,
                        const NamedTensors& weights, std::map<std::string, std::string> metadata) {
  if (!std::isfinite(score.value)) return;
  if (best_ && (higher_is_better ? score.value <= *best_ : score.value >= *best_)) return;
  best_ = score.value;
  std::ostringstream value;
  value << std::setprecision(17) << score.value;
  metadata["score"] = value.str();
  metadata["score_name"] = score.name;
  metadata["step"] = std::to_string(step);
  WriteSafeTensors(path_, weights, metadata);
  LOG(INFO) << "best so far: " << score.name << " " << score.value << " -> " << path_.string();
}

}  // namespace helio::app
