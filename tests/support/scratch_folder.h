#pragma once
#include <unistd.h>

#include <filesystem>
#include <string>

namespace helio {

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

}  // namespace helio
