#include "src/eval/samples.h"

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"
#include "src/base/random.h"
#include "src/eval/png_writer.h"
#include "src/eval/sample_grid.h"

namespace helio::eval {

void WriteSampleGrid(recipes::Drawer& drawer, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                     const SampleOptions& samples, const std::filesystem::path& path) {
  const auto key = RandomKey(samples.seed, "sample_grid");
  const auto draws = dataio::EvaluationDraws(test, samples.count, needs.words, key);
  auto batch = dataio::EvaluationBatch(test, draws, needs, samples.seed);
  const auto& data = batch.data();
  const auto pictures = drawer.Draw(recipes::PromptOf(data), key, {0, samples.count, samples.count});
  dataio::Upload(batch, needs, torch::kCPU, torch::kFloat32);
  std::vector<Sample> grid;
  for (int64_t i = 0; i < samples.count; ++i) {
    Sample sample;
    if (test.captions() > 0)
      sample.caption =
          test.Text(data.records[static_cast<size_t>(i)], data.caption_indices[static_cast<size_t>(i)]);
    for (const auto& stage : pictures.images) sample.stages.push_back(stage[i]);
    sample.real = data.images.back()[i];
    grid.push_back(std::move(sample));
  }
  WritePng(path, DrawSampleGrid(
                     grid, {.title = samples.title,
                            .subtitle =
                                "captions of held-out classes; last column: a real picture of the caption"}));
}

}  // namespace helio::eval
