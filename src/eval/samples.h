#pragma once
#include <filesystem>
#include <string>

#include "dataio/dataset.h"
#include "dataio/domain_needs.h"
#include "src/eval/sample_grid.h"
#include "src/recipes/drawer.h"

namespace helio::eval {

struct SampleOptions {
  int64_t count = 12;
  uint64_t seed = 1;  // of captions and noise
  std::string title = {};
};

// One row of a drawing: all stages, and where places were asked for the last picture with them marked.
Sample SampleOf(const recipes::Prompt& prompt, const recipes::Pictures& pictures, int64_t row,
                const std::string& caption);

// A labelled grid of held-out captions, all stages and the real picture, as a PNG. Local.
void WriteSampleGrid(recipes::Drawer& drawer, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                     const SampleOptions& samples, const std::filesystem::path& path);

}  // namespace helio::eval
