#pragma once
#include <filesystem>
#include <string>

#include "dataio/dataset.h"
#include "dataio/domain_needs.h"
#include "src/recipes/drawer.h"

namespace helio::eval {

struct SampleOptions {
  int64_t count = 12;
  uint64_t seed = 1;  // of captions and noise
  std::string title = {};
};

// A labelled grid of held-out captions, all stages and the real picture, as a PNG. Local.
void WriteSampleGrid(recipes::Drawer& drawer, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                     const SampleOptions& samples, const std::filesystem::path& path);

}  // namespace helio::eval
