#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "src/base/tensor.h"

namespace helio::eval {

struct FolderPicture {
  torch::Tensor values;   // {3, h, w} float32 in [-1, 1], in its own size
  uint64_t checksum = 0;  // of the file
};

// The pictures of a folder and of folders in it, by name, as any program left them; of helio-generate's the
// single ones, not those with words and frames beside them. Immutable.
class PictureFolder {
 public:
  // Throws Error{kUser} where there is no picture or a part of the folder cannot be read.
  explicit PictureFolder(std::filesystem::path root);

  const std::filesystem::path& root() const { return root_; }
  int64_t size() const { return static_cast<int64_t>(pictures_.size()); }
  // What is there beside them and is not read, "2 .bmp, 1 .json"; empty: nothing.
  const std::string& passed_over() const { return passed_over_; }
  std::filesystem::path File(int64_t row) const;
  // Throws Error{kData} naming a file that cannot be decoded.
  FolderPicture Read(int64_t row) const;

 private:
  const std::filesystem::path root_;
  std::vector<std::filesystem::path> pictures_;
  std::string passed_over_;
};

}  // namespace helio::eval
