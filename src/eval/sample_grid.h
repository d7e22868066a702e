#pragma once
#include <string>
#include <vector>

#include "src/base/tensor.h"
#include "src/eval/canvas.h"

namespace helio::eval {

// One caption and what was drawn for it.
struct Sample {
  std::string caption;
  std::vector<torch::Tensor> stages;     // smallest first, {3, s, s} in [-1, 1]
  torch::Tensor real;                    // {3, s, s} or undefined: the real picture of this caption
  std::vector<std::string> labels = {};  // of the stages; empty: their sides in pixels
};

struct GridStyle {
  std::string title;     // "MirrorGAN, step 2,500"
  std::string subtitle;  // a second, lighter line; may be empty
  int64_t columns = 2;   // samples beside each other
  int64_t side = 160;    // every picture is enlarged to about this (whole multiples where possible)
};

// A labelled grid: caption above, all stages beside each other, the real picture last. At least one sample
// with at least one stage.
Canvas DrawSampleGrid(const std::vector<Sample>& samples, const GridStyle& style);

}  // namespace helio::eval
