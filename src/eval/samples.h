#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "dataio/batch.h"
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
// The picture that attention map number `map` is shown over: maps are the last stages', and where there are
// fewer pictures than maps (AttnDCGAN draws one) the first ones are shown over the first picture.
size_t PictureOfAttention(const recipes::Pictures& pictures, size_t map);
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

// Held-out captions, drawn: for the same options with the same captions and noise, so that through a training
// one sees the same pictures change. `test` and `needs` outlive it. Local.
class DrawnSamples {
 public:
  DrawnSamples(recipes::Drawer& drawer, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
               SampleOptions options);

  // All stages and the real picture, as a labelled PNG.
  void WriteGrid(const std::filesystem::path& path) const;
  // What each row was drawn for; nothing where the system is told no sentences.
  std::vector<std::string> Captions() const;
  // Whether the system's words look at places.
  bool have_attention() const { return !pictures_.attention.empty(); }
  // What the words of the first `count` captions looked at, stage by stage, as a PNG.
  void WriteAttention(const std::filesystem::path& path, int64_t count = 4) const;

 private:
  bool told() const { return prompt_.captions.defined() || prompt_.embeddings.defined(); }
  std::vector<std::string> WordsOf(int64_t row) const;

  const dataio::Dataset& test_;
  const SampleOptions options_;
  dataio::Batch batch_;  // on the host
  recipes::Prompt prompt_;
  recipes::Pictures pictures_;
};

}  // namespace helio::eval
