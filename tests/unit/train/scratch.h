#pragma once
#include <unistd.h>

#include <filesystem>
#include <string>

#include "src/train/checkpoint.h"

namespace helio::train {

// An empty folder of this test that goes with the object.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& name)
      : path_(Fast() / ("helio_" + name + "_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  // Memory where there is some: these tests sync thousands of files.
  static std::filesystem::path Fast() {
    return std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
  }
  const std::filesystem::path path_;
};

// A state whose tensors tell its step.
inline Snapshot SmallSnapshot(int64_t step, const Json& scores = Json::object()) {
  Snapshot snapshot;
  snapshot.step = step;
  snapshot.tensors["model"] = {{"w", torch::full({4}, static_cast<double>(step))},
                               {"n", torch::tensor(step)}};
  snapshot.texts["run.flags"] = "--seed=1\n";
  snapshot.info = {{"world_size", 2}, {"scores", scores}};
  return snapshot;
}

}  // namespace helio::train
