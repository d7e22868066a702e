#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "src/base/tensor.h"

namespace helio::eval {

// What is known of a drawn data set: which colour each part of each picture has, which of them each caption
// names, and by which words colours are called. Read from the attributes.json that helio-synth writes:
//   {"parts": ["head", ...], "colours": ["black", ...], "words": {"black": 0, ...},
//    "images": {"001.x/bird_1": {"colours": [colour of each part], "asked": [[colour of each part or -1] per
//    caption]}}}
// With "sided": true, a mirrored picture has other values.
class ColourAttributes {
 public:
  // Throws Error{kData} naming the file and what is wrong with it.
  explicit ColourAttributes(const std::filesystem::path& attributes_json);

  const std::vector<std::string>& parts() const { return parts_; }
  const std::vector<std::string>& colours() const { return colours_; }
  bool sided() const { return sided_; }
  bool Has(const std::string& image) const { return images_.contains(image); }

  // {parts} int64: the picture's colours. `image` is the record's id: CUB's "class/name" without ".jpg".
  // Throws Error{kData} for an unknown picture.
  torch::Tensor Colours(const std::string& image) const;
  // {parts} int64: the colours that its caption number `caption` asks for; -1 where it does not name the
  // part.
  torch::Tensor Asked(const std::string& image, int64_t caption) const;
  // Which colour a word calls, or -1.
  int64_t ColourOf(const std::string& word) const;
  // {vocabulary} int64: the same for every word of a vocabulary, by word id.
  torch::Tensor ColourOfWords(const std::vector<std::string>& vocabulary) const;

 private:
  struct Picture {
    std::vector<int64_t> colours;
    std::vector<std::vector<int64_t>> asked;  // per caption
  };
  const Picture& Find(const std::string& image) const;

  std::string where_;
  bool sided_ = false;
  std::vector<std::string> parts_, colours_;
  std::map<std::string, int64_t> words_;
  std::map<std::string, Picture> images_;
};

}  // namespace helio::eval
