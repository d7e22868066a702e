#include "src/eval/samples.h"

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"
#include "src/base/random.h"
#include "src/eval/marked_picture.h"
#include "src/eval/page.h"
#include "src/eval/png_writer.h"

namespace helio::eval {
namespace {

std::vector<std::string> CaptionsOf(const dataio::Dataset& test, const dataio::Domain& data) {
  std::vector<std::string> captions(data.records.size());
  if (test.captions() > 0)
    for (size_t i = 0; i < captions.size(); ++i)
      captions[i] = test.Text(data.records[i], data.caption_indices[i]);
  return captions;
}

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

struct DrawnSamples {
  dataio::Batch batch;
  recipes::Prompt prompt;
  recipes::Pictures pictures;
};

// The same captions and noise for the same options: through a training one sees the same pictures change.
DrawnSamples Drawn(recipes::Drawer& drawer, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                   const SampleOptions& samples) {
  const auto key = RandomKey(samples.seed, "sample_grid");
  const auto draws = dataio::EvaluationDraws(test, samples.count, needs.words, key);
  DrawnSamples drawn{dataio::EvaluationBatch(test, draws, needs, samples.seed), {}, {}};
  drawn.prompt = recipes::PromptOf(drawn.batch.data());
  drawn.pictures = OnHost(drawer.Draw(drawn.prompt, recipes::RowsOf(key, {0, samples.count, samples.count})));
  return drawn;
}

// A row's caption as the generator read it.
std::vector<std::string> WordsOf(const dataio::Dataset& test, const dataio::Domain& data, int64_t row) {
  std::vector<std::string> words;
  for (int64_t i = 0; i < data.caption_lengths[row].item<int64_t>(); ++i)
    words.push_back(test.vocabulary().word(data.captions[row][i].item<int64_t>()));
  return words;
}

}  // namespace

std::string LabelOf(const recipes::Pictures& pictures, size_t stage) {
  return pictures.labels.empty() ? SideLabel(pictures.images[stage].size(2)) : pictures.labels[stage];
}

AttentionSubject SubjectOf(const recipes::Pictures& pictures, int64_t row, const std::string& caption,
                           const std::vector<std::string>& words) {
  AttentionSubject subject{caption, words, {}};
  const size_t first = pictures.images.size() - pictures.attention.size();
  for (size_t i = 0; i < first; ++i) subject.earlier.push_back(pictures.images[i][row]);
  for (size_t i = 0; i < pictures.attention.size(); ++i)
    subject.stages.push_back(
        {pictures.images[first + i][row], pictures.attention[i][row].narrow(0, 0, std::ssize(words))});
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

void WriteSampleGrid(recipes::Drawer& drawer, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                     const SampleOptions& samples, const std::filesystem::path& path) {
  auto [batch, prompt, pictures] = Drawn(drawer, test, needs, samples);
  dataio::Upload(batch, needs, torch::kCPU, torch::kFloat32);
  const auto& data = batch.data();
  auto grid = SamplesOf(prompt, pictures, CaptionsOf(test, data));
  for (int64_t i = 0; i < samples.count; ++i) grid[static_cast<size_t>(i)].real = data.images.back()[i];
  WritePng(path,
           DrawSampleGrid(
               grid, {.title = samples.title,
                      .subtitle = "captions of held-out classes; last column: a real picture of the caption",
                      .columns = ColumnsFor(pictures)}));
}

bool WriteAttention(recipes::Drawer& drawer, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                    const SampleOptions& samples, const std::filesystem::path& path) {
  const auto [batch, prompt, pictures] = Drawn(drawer, test, needs, samples);
  if (pictures.attention.empty()) return false;
  const auto& data = batch.data();
  const auto captions = CaptionsOf(test, data);
  std::vector<AttentionSubject> subjects;
  for (int64_t i = 0; i < samples.count; ++i)
    subjects.push_back(SubjectOf(pictures, i, captions[static_cast<size_t>(i)], WordsOf(test, data, i)));
  WritePng(path, DrawAttention(subjects,
                               {.title = samples.title + ": what each word looked at",
                                .subtitle = "captions of held-out classes; the five most attended words"}));
  return true;
}

}  // namespace helio::eval
