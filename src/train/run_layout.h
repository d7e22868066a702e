#pragma once
#include <filesystem>

namespace helio::train {

// Where things are in a run's folder (--out). Pure.

inline std::filesystem::path CheckpointsOf(const std::filesystem::path& run) { return run / "checkpoints"; }

// The run that `checkpoint` lies in; of a relative path that is shorter an empty one.
inline std::filesystem::path RunOf(const std::filesystem::path& checkpoint) {
  return checkpoint.parent_path().parent_path();
}

// The networks that are not trained.
inline std::filesystem::path FrozenFile(const std::filesystem::path& run) {
  return run / "frozen.safetensors";
}

inline std::filesystem::path MetricsFile(const std::filesystem::path& run) { return run / "metrics.jsonl"; }

inline std::filesystem::path SamplesOf(const std::filesystem::path& run) { return run / "samples"; }

// Where a run's or its checkpoints' folder keeps what belongs to another past.
inline std::filesystem::path SetAsideFolder(const std::filesystem::path& folder) {
  return folder / "set-aside";
}

}  // namespace helio::train
