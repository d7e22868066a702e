#include "src/app/best_weights.h"

#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/numbers.h"
#include "src/base/safetensors.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;

// Beside it, under a name that no earlier run's file has: "before-best", then "before-best-1", ...
fs::path PlaceOfTheOneBefore(const fs::path& path) {
  const auto place = path.parent_path() / ("before-" + path.filename().string());
  return Exists(place) ? FreeName(place.parent_path(), place.filename()) : place;
}

// What the file says under `key`; nothing where it does not say it.
template <typename T>
std::optional<T> NumberSaid(const SafeTensors& file, const std::string& key, const fs::path& path) {
  const auto said = file.MetadataValue(key);
  if (said.empty()) return std::nullopt;
  const auto number = ParseNumber<T>(said);
  if (!number || !std::isfinite(static_cast<double>(*number)))
    ThrowData("its metadata say " + key + " '" + said + "', which is no number", path.string(),
              "they were changed by others: put them back, or move the file away");
  return number;
}

}  // namespace

void BestWeights::GoOnAt(int64_t step) {
  best_.reset();
  if (!Exists(path_)) return;
  const auto file = ReadSafeTensors(path_);
  if (step == 0 || !train::FlagDifferences(file.MetadataValue("flags"), identity_, allowed_).empty()) {
    const auto before = PlaceOfTheOneBefore(path_);
    Rename(path_, before);
    LOG(INFO) << path_.string() << " is of an earlier run: moved to " << before.string();
    return;
  }
  const auto at = NumberSaid<int64_t>(file, "step", path_);
  const auto score = NumberSaid<double>(file, "score", path_);
  if (at && *at <= step) best_ = score;
}

void BestWeights::Offer(const recipes::ValidationScore& score, bool higher_is_better, int64_t step,
                        const NamedTensors& weights, std::map<std::string, std::string> metadata) {
  if (!std::isfinite(score.value)) return;
  if (best_ && (higher_is_better ? score.value <= *best_ : score.value >= *best_)) return;
  std::ostringstream value;
  value << std::setprecision(17) << score.value;
  metadata["score"] = value.str();
  metadata["score_name"] = score.name;
  metadata["step"] = std::to_string(step);
  try {
    MakeFolders(path_.parent_path());  // the run's may have been removed under it
    WriteSafeTensors(path_, weights, metadata);
  } catch (const Error& error) {
    // At the end nothing better comes: the run is started again, with this evaluation before it.
    if (error.kind() != ErrorKind::kSystem || step >= last_step_) throw;
    LOG(ERROR) << "no best weights of step " << step << ": " << error.what();
    return;
  }
  best_ = score.value;
  LOG(INFO) << "best so far: " << score.name << " " << score.value << " -> " << path_.string();
}

}  // namespace helio::app
