#include "src/recipes/module_drawer.h"

#include "src/nn/batch_norm.h"
#include "src/nn/freeze.h"

namespace helio::recipes {

Pictures ModuleDrawer::Draw(const Prompt& prompt, const DrawingRows& rows) {
  torch::NoGradGuard no_grad;
  const nn::ScopedMode evaluation(generator_, /*training=*/false);
  return forward_(prompt, rows);
}

void ModuleDrawer::ReestimateStatistics(const std::vector<Prompt>& prompts, uint64_t seed) {
  torch::NoGradGuard no_grad;
  const nn::ScopedMode training(generator_, /*training=*/true);
  nn::UseGlobalBatch(generator_, nullptr);
  nn::SetCumulativeStatistics(generator_, true);
  int64_t first = 0;
  for (const auto& prompt : prompts) {
    const int64_t rows = prompt.rows();
    forward_(prompt, RowsOf(seed, {first, rows, first + rows}));
    first += rows;
  }
  nn::SetCumulativeStatistics(generator_, false);
  nn::UseGlobalBatch(generator_, &norm_scope_);
}

}  // namespace helio::recipes
