#pragma once
#include <filesystem>
#include <fstream>
#include <string>

#include "src/base/json.h"

namespace helio::train {

// A run's output folder on rank 0: locked against a second job, with metrics.jsonl (a JSON object a line,
// appended) in it.
class RunDirectory {
 public:
  // Creates the folder and takes its lock. Throws Error{kUser} naming the holder if another live process has
  // it.
  explicit RunDirectory(std::filesystem::path path);
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  ~RunDirectory();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }

  // Keeps the lines of metrics.jsonl up to `step`: what a killed attempt logged after its last checkpoint
  // will be logged again.
  void RewindMetrics(int64_t step);
  void AppendMetrics(const Json& line);

 private:
  std::filesystem::path path_;
  int lock_ = -1;
  std::ofstream metrics_;
};

}  // namespace helio::train
