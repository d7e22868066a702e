#include "src/eval/samples.h"

#include <algorithm>
#include <utility>

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"
#include "src/base/random.h"
#include "src/eval/marked_picture.h"
#include "src/eval/page.h"
#include "src/eval/png_writer.h"

namespace helio::eval {
namespace {

// All stages of a row, or the steps of its chain, and where places were asked for the last picture with them
// marked.
Sample SampleOf(const recipes::Prompt& prompt, const recipes::Pictures& pictures, int64_t row,
                const std::string& caption) {
  Sample sample{caption, {}, {}, {}};
  for (size_t i = 0; i < pictures.images.size(); ++i) {
    sample.stages.push_back(pictures.images[i][row]);
    sample.labels.push_back(LabelOf(pictures, i));
  }
  Marks marks;
  if (prompt.boxes.defined()) marks.box = prompt.boxes[row];
  if (prompt.key_points.defined()) marks.key_points = prompt.key_points[row];
  if (!marks.box.defined() && !marks.key_points.defined()) return sample;
  sample.stages.push_back(Marked(sample.stages.back(), marks));
  sample.labels.emplace_back("asked");
  return sample;
}

}  // namespace

std::string LabelOf(const recipes::Pictures& pictures, size_t stage) {
  return pictures.labels.empty() ? SideLabel(pictures.images[stage].size(2)) : pictures.labels[stage];
}

size_t PictureOfAttention(const recipes::Pictures& pictures, size_t map) {
  const auto ahead = std::ssize(pictures.images) - std::ssize(pictures.attention);
  return static_cast<size_t>(std::max<int64_t>(ahead + static_cast<int64_t>(map), 0));
}

AttentionSubject SubjectOf(const recipes::Pictures& pictures, int64_t row, const std::string& caption,
                           const std::vector<std::string>& words) {
  AttentionSubject subject{caption, words, {}};
  for (size_t i = 0; i < PictureOfAttention(pictures, 0); ++i)
    subject.earlier.push_back(pictures.images[i][row]);
  for (size_t i = 0; i < pictures.attention.size(); ++i)
    subject.stages.push_back({pictures.images[PictureOfAttention(pictures, i)][row],
                              pictures.attention[i][row].narrow(0, 0, std::ssize(words))});
  return subject;
}

recipes::Pictures OnHost(recipes::Pictures pictures) {
  for (auto* tensors : {&pictures.images, &pictures.attention})
    for (auto& tensor : *tensors) tensor = tensor.cpu();
  return pictures;
}

int ColumnsFor(const recipes::Pictures& pictures) { return pictures.images.size() > 4 ? 1 : 2; }

std::vector<Sample> SamplesOf(const recipes::Prompt& prompt, const recipes::Pictures& pictures,
                              const std::vector<std::string>& captions) {
  std::vector<Sample> samples;
  for (size_t i = 0; i < captions.size(); ++i)
    samples.push_back(SampleOf(prompt, pictures, static_cast<int64_t>(i), captions[i]));
  return samples;
}

DrawnSamples::DrawnSamples(recipes::Drawer& drawer, const dataio::Dataset& test,
                           const dataio::DomainNeeds& needs, SampleOptions options)
    : test_(test), options_(std::move(options)) {
  const auto key = RandomKey(options_.seed, "sample_grid");
  const auto draws = dataio::EvaluationDraws(test, options_.count, needs.words, key);
  batch_ = dataio::EvaluationBatch(test, draws, needs, options_.seed);
  prompt_ = recipes::PromptOf(batch_.data());
  pictures_ = OnHost(drawer.Draw(prompt_, recipes::RowsOf(key, {0, options_.count, options_.count})));
  dataio::Upload(batch_, needs, torch::kCPU, torch::kFloat32);
}

std::vector<std::string> DrawnSamples::Captions() const {
  const auto& data = batch_.data();
  std::vector<std::string> captions(data.records.size());
  if (told())
    for (size_t i = 0; i < captions.size(); ++i)
      captions[i] = test_.Text(data.records[i], data.caption_indices[i]);
  return captions;
}

// As the generator read them.
std::vector<std::string> DrawnSamples::WordsOf(int64_t row) const {
  const auto& data = batch_.data();
  std::vector<std::string> words;
  for (int64_t i = 0; i < data.caption_lengths[row].item<int64_t>(); ++i)
    words.push_back(test_.vocabulary().word(data.captions[row][i].item<int64_t>()));
  return words;
}

void DrawnSamples::WriteGrid(const std::filesystem::path& path) const {
  auto grid = SamplesOf(prompt_, pictures_, Captions());
  for (int64_t i = 0; i < options_.count; ++i)
    grid[static_cast<size_t>(i)].real = batch_.data().images.back()[i];
  const char* subtitle = told() ? "captions of held-out classes; last column: a real picture of the caption"
                                : "last column: a real picture";
  WritePng(path,
           DrawSampleGrid(grid,
                          {.title = options_.title, .subtitle = subtitle, .columns = ColumnsFor(pictures_)}));
}

void DrawnSamples::WriteAttention(const std::filesystem::path& path, int64_t count) const {
  const auto captions = Captions();
  std::vector<AttentionSubject> subjects;
  for (int64_t i = 0; i < std::min(count, options_.count); ++i)
    subjects.push_back(SubjectOf(pictures_, i, captions[static_cast<size_t>(i)], WordsOf(i)));
  WritePng(path, DrawAttention(subjects,
                               {.title = options_.title + ": what each word looked at",
                                .subtitle = "captions of held-out classes; the five most attended words"}));
}

}  // namespace helio::eval
