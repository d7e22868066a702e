#pragma once
#include <filesystem>
#include <string>

#include "src/base/json.h"
#include "src/base/tensor.h"

namespace helio::app {

// The single pictures of a drawing beside its labelled one, and what each of them is: a line of OUT.jsonl.
class DrawingManifest {
 public:
  // `out`: OUT.png, the labelled picture. Makes its folder.
  explicit DrawingManifest(std::filesystem::path out);
  // Writes a picture {3, h, w} in [-1, 1] as OUT-NAME.png.
  void Add(const std::string& name, const torch::Tensor& picture, Json line);
  void Write() const;  // OUT.jsonl; says how many there are

 private:
  std::filesystem::path Beside(const std::string& ending) const;

  const std::filesystem::path out_;
  std::string lines_;
  int64_t count_ = 0;
};

}  // namespace helio::app
