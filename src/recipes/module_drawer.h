#pragma once
#include <functional>
#include <string>

#include "src/base/global_batch.h"
#include "src/nn/module.h"
#include "src/recipes/drawer.h"

namespace helio::recipes {

// A drawer of a generator that is one module.
class ModuleDrawer : public Drawer {
 public:
  // A prompt's pictures, by the generator in the mode it is in.
  using Forward = std::function<Pictures(const Prompt& prompt, const DrawingRows& rows)>;

  // `norm_scope`: what the generator's batch norm spans in training; it is local while statistics are
  // re-estimated. Both outlive the drawer.
  ModuleDrawer(torch::nn::Module& generator, GlobalBatch& norm_scope, std::string part, Forward forward)
      : generator_(generator),
        norm_scope_(norm_scope),
        part_(std::move(part)),
        forward_(std::move(forward)) {}

  Pictures Draw(const Prompt& prompt, const DrawingRows& rows) override;
  void ReestimateStatistics(const std::vector<Prompt>& prompts, uint64_t seed) override;
  std::string part() const override { return part_; }

 private:
  torch::nn::Module& generator_;
  GlobalBatch& norm_scope_;
  const std::string part_;
  const Forward forward_;
};

}  // namespace helio::recipes
