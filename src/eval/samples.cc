#include "src/eval/samples.h"

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"
#include "src/base/random.h"
#include "src/eval/marked_picture.h"
#include "src/eval/png_writer.h"
#include "src/eval/sample_grid.h"

namespace helio::eval {

Sample SampleOf(const recipes::Prompt& prompt, const recipes::Pictures& pictures, int64_t row,
                const std::string& caption) {
  Sample sample{caption, {}, {}};
  for (const auto& stage : pictures.images) {
    sample.stages.push_back(stage[row]);
    sample.labels.push_back(std::to_string(stage.size(2)) + " px");
  }
  Marks marks;
  if (prompt.boxes.defined()) marks.box = prompt.boxes[row];
  if (prompt.key_points.defined()) marks.key_points = prompt.key_points[row];
  if (!marks.box.defined() && !marks.key_points.defined()) return sample;
  sample.stages.push_back(Marked(sample.stages.back(), marks));
  sample.labels.emplace_back("asked");
  return sample;
}

void WriteSampleGrid(recipes::Drawer& drawer, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                     const SampleOptions& samples, const std::filesystem::path& path) {
  const auto key = RandomKey(samples.seed, "sample_grid");
  const auto draws = dataio::EvaluationDraws(test, samples.count, needs.words, key);
  auto batch = dataio::EvaluationBatch(test, draws, needs, samples.seed);
  const auto& data = batch.data();
  const auto prompt = recipes::PromptOf(data);
  const auto pictures = drawer.Draw(prompt, key, {0, samples.count, samples.count});
  dataio::Upload(batch, needs, torch::kCPU, torch::kFloat32);
  std::vector<Sample> grid;
  for (int64_t i = 0; i < samples.count; ++i) {
    const auto place = static_cast<size_t>(i);
    const auto caption =
        test.captions() > 0 ? test.Text(data.records[place], data.caption_indices[place]) : std::string();
    auto sample = SampleOf(prompt, pictures, i, caption);
    sample.real = data.images.back()[i];
    grid.push_back(std::move(sample));
  }
  WritePng(path, DrawSampleGrid(
                     grid, {.title = samples.title,
                            .subtitle =
                                "captions of held-out classes; last column: a real picture of the caption"}));
}

}  // namespace helio::eval
