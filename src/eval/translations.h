#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "src/eval/canvas.h"
#include "src/recipes/translator.h"

namespace helio::eval {

// Pictures of one domain, {3, h, w} in [-1, 1] each, and what became of them.
struct TranslatedPicture {
  std::string name;  // shown above it
  recipes::Direction direction;
  torch::Tensor input, there, back;
  torch::Tensor truth = {};  // the true counterpart, where it is known
};

// Those of a batch's pictures, row by row. `truth`: undefined where it is not known.
std::vector<TranslatedPicture> Translated(recipes::Translator& translator,
                                          const recipes::Direction& direction,
                                          const std::vector<std::string>& names,
                                          const torch::Tensor& pictures, const torch::Tensor& truth = {});

// Each beside its translation and what comes back; pictures that are no squares stand on white.
Canvas DrawTranslations(const std::vector<TranslatedPicture>& pictures, const std::string& title);

}  // namespace helio::eval
