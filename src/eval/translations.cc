#include "src/eval/translations.h"

#include "src/eval/sample_grid.h"

namespace helio::eval {
namespace {

// {3, s, s}: the picture in the middle of a white square.
torch::Tensor Squared(const torch::Tensor& picture) {
  const int64_t height = picture.size(1), width = picture.size(2), side = std::max(height, width);
  const int64_t left = (side - width) / 2, top = (side - height) / 2;
  return torch::constant_pad_nd(picture.cpu().to(torch::kFloat32),
                                {left, side - width - left, top, side - height - top}, 1);
}

}  // namespace

std::vector<TranslatedPicture> Translated(recipes::Translator& translator,
                                          const recipes::Direction& direction,
                                          const std::vector<std::string>& names,
                                          const torch::Tensor& pictures, const torch::Tensor& truth) {
  const auto translation = translator.Translate(direction, pictures);
  std::vector<TranslatedPicture> translated;
  for (int64_t i = 0; i < pictures.size(0); ++i)
    translated.push_back({names.at(static_cast<size_t>(i)), direction, pictures[i], translation.there[i],
                          translation.back[i], truth.defined() ? truth[i] : torch::Tensor()});
  return translated;
}

Canvas DrawTranslations(const std::vector<TranslatedPicture>& pictures, const std::string& title) {
  std::vector<Sample> samples;
  for (const auto& picture : pictures) {
    Sample sample{picture.name + ": " + picture.direction.name,
                  {Squared(picture.input), Squared(picture.there), Squared(picture.back)},
                  {},
                  {"input", "translated", "and back"}};
    if (picture.truth.defined()) {
      sample.stages.push_back(Squared(picture.truth));
      sample.labels.emplace_back("true counterpart");
    }
    samples.push_back(std::move(sample));
  }
  return DrawSampleGrid(samples, {.title = title, .subtitle = "a picture, its translation, what comes back"});
}

}  // namespace helio::eval
