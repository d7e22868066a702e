#include "src/eval/colour_attributes.h"

#include "src/base/json.h"

namespace helio::eval {
namespace {

constexpr int64_t kNoColour = -1;  // where a caption asks for none

// Numbers of a row: one a part, from `least` (a colour's 0, or kNoColour) on.
std::vector<int64_t> ColourRow(const Json& row, size_t parts, size_t colours, int64_t least,
                               const std::string& where) {
  if (!row.is_array() || row.size() != parts)
    ThrowData("needs a list of " + std::to_string(parts) + " colours", where);
  std::vector<int64_t> values;
  for (const auto& item : row) {
    const int64_t value = item.is_number_integer() ? item.get<int64_t>() : INT64_MIN;
    if (value < least || value >= static_cast<int64_t>(colours))
      ThrowData("has a colour that is none", where);
    values.push_back(value);
  }
  return values;
}

}  // namespace

ColourAttributes::ColourAttributes(const std::filesystem::path& attributes_json)
    : where_(attributes_json.string()) {
  const Json file = ReadJson(attributes_json);
  parts_ = JsonField<std::vector<std::string>>(file, "parts", where_);
  colours_ = JsonField<std::vector<std::string>>(file, "colours", where_);
  if (file.contains("sided")) sided_ = JsonField<bool>(file, "sided", where_);
  const auto words = JsonField<Json>(file, "words", where_), images = JsonField<Json>(file, "images", where_);
  for (const auto& [word, colour] : words.items()) {
    words_[word] =
        ColourRow(Json::array({colour}), 1, colours_.size(), 0, where_ + ": word '" + word + "'")[0];
  }
  for (const auto& [image, entry] : images.items()) {
    const std::string where = where_ + ": picture '" + image + "'";
    Picture& picture = images_[image];
    picture.colours =
        ColourRow(JsonField<Json>(entry, "colours", where), parts_.size(), colours_.size(), 0, where);
    const auto asked = JsonField<Json>(entry, "asked", where);
    for (const auto& caption : asked) {
      picture.asked.push_back(ColourRow(caption, parts_.size(), colours_.size(), kNoColour, where));
    }
  }
}

const ColourAttributes::Picture& ColourAttributes::Find(const std::string& image) const {
  const auto found = images_.find(image);
  if (found == images_.end())
    ThrowData("knows no picture '" + image + "'", where_, "is it of another data set?");
  return found->second;
}

torch::Tensor ColourAttributes::Colours(const std::string& image) const {
  return torch::tensor(Find(image).colours, torch::kInt64);
}

torch::Tensor ColourAttributes::Asked(const std::string& image, int64_t caption) const {
  const auto& asked = Find(image).asked;
  if (caption < 0 || caption >= std::ssize(asked)) {
    ThrowData("knows no caption " + std::to_string(caption) + " of '" + image + "'", where_);
  }
  return torch::tensor(asked[static_cast<size_t>(caption)], torch::kInt64);
}

int64_t ColourAttributes::ColourOf(const std::string& word) const {
  const auto found = words_.find(word);
  return found == words_.end() ? -1 : found->second;
}

torch::Tensor ColourAttributes::ColourOfWords(const std::vector<std::string>& vocabulary) const {
  std::vector<int64_t> colours;
  for (const auto& word : vocabulary) colours.push_back(ColourOf(word));
  return torch::tensor(colours, torch::kInt64);
}

}  // namespace helio::eval
