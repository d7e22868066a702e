#pragma once
#include <filesystem>
#include <string>

#include "dataio/dataset.h"
#include "dataio/domain_needs.h"
#include "src/eval/attention_picture.h"
#include "src/eval/sample_grid.h"
#include "src/recipes/drawer.h"

namespace helio::eval {

struct SampleOptions {
  int64_t count = 12;
  uint64_t seed = 1;  // of captions and noise
  std::string title = {};
};

// What a stage is called: its own label, else its side.
std::string LabelOf(const recipes::Pictures& pictures, size_t stage);
// A row's stages that have attention (the last ones), with the maps of its words.
AttentionSubject SubjectOf(const recipes::Pictures& pictures, int64_t row, const std::string& caption,
                           const std::vector<std::string>& words);
recipes::Pictures OnHost(recipes::Pictures pictures);

// Pictures and what they were drawn for, to be shown row by row: all stages, and where places were asked for
// the last picture with them marked.
std::vector<Sample> SamplesOf(const recipes::Prompt& prompt, const recipes::Pictures& pictures,
                              const std::vector<std::string>& captions);
// Of a grid of them: chains are long.
int ColumnsFor(const recipes::Pictures& pictures);

// A labelled grid of held-out captions, all stages and the real picture, as a PNG. Local.
void WriteSampleGrid(recipes::Drawer& drawer, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                     const SampleOptions& samples, const std::filesystem::path& path);

// What the words of held-out captions looked at, stage by stage, as a PNG; false, and no file, of systems
// without attention. Local.
bool WriteAttention(recipes::Drawer& drawer, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                    const SampleOptions& samples, const std::filesystem::path& path);

}  // namespace helio::eval
