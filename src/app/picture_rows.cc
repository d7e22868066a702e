#include "src/app/picture_rows.h"

#include <fstream>

#include "src/app/caption_edits.h"
#include "src/app/drawing_manifest.h"
#include "src/base/byte_order_mark.h"
#include "src/eval/png_writer.h"
#include "src/eval/sample_grid.h"

namespace helio::app {
namespace {

constexpr int64_t kShownRows = 24;  // in the labelled picture

std::string Percent(double share) { return std::to_string(static_cast<int>(share * 100 + 0.5)) + " %"; }

std::string Title(const std::string& what, const recipes::RowNoise& noise) {
  return what + " (seed " + std::to_string(noise.seed) + ", noise " + std::to_string(noise.row + 1) + ")";
}

std::string NameOf(const std::string& kind, const recipes::RowNoise& noise) {
  return kind + "-" + std::to_string(noise.row + 1);
}

PictureRow EditRow(const std::vector<ReadSentence>& captions, const std::vector<std::string>& labels,
                   const recipes::RowNoise& noise) {
  PictureRow row{"edit", NameOf("edit", noise), Title(captions[0].text, noise), {}};
  for (size_t i = 0; i < captions.size(); ++i)
    row.pictures.push_back({labels[i], captions[i], captions[i], 0, noise});
  return row;
}

PictureRow TextRow(const ReadSentence& from, const ReadSentence& to, int64_t between,
                   const recipes::RowNoise& noise) {
  PictureRow row{"text", NameOf("text", noise), Title(from.text + " -> " + to.text, noise), {}};
  for (int64_t i = 0; i <= between + 1; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(between + 1);
    row.pictures.push_back({Percent(share), from, to, share, noise});
  }
  return row;
}

PictureRow NoiseRow(const ReadSentence& text, uint64_t to_seed, int64_t between, recipes::RowNoise noise) {
  PictureRow row{
      "noise", NameOf("noise", noise), Title(text.text, noise) + " -> seed " + std::to_string(to_seed), {}};
  noise.other_seed = to_seed;
  for (int64_t i = 0; i <= between + 1; ++i) {
    noise.share = static_cast<double>(i) / static_cast<double>(between + 1);
    row.pictures.push_back({Percent(noise.share), text, text, 0, noise});
  }
  return row;
}

// The caption and those with one word changed, and what each is called.
std::pair<std::vector<ReadSentence>, std::vector<std::string>> EditedCaptions(const RowOptions& options,
                                                                              const ReadSentence& caption,
                                                                              const PromptReader& reader) {
  std::pair<std::vector<ReadSentence>, std::vector<std::string>> edited{{caption}, {"as asked"}};
  for (const auto& edit : EditsOf(caption.text, options.edit)) {
    auto read = reader.Read(edit.caption);
    if (!reader.Read(edit.word).unknown.empty())
      ThrowUser("the system does not know '" + edit.word + "'", "--edit=" + options.edit,
                "the training captions show which words it knows");
    edited.first.push_back(std::move(read));
    edited.second.push_back(edit.label);
  }
  return edited;
}

// The last stage of each picture, on the host.
torch::Tensor Drawn(const PictureRow& row, const recipes::Prompt& places, const PromptReader& reader,
                    recipes::Drawer& drawer) {
  std::vector<ReadSentence> from, to;
  std::vector<float> shares;
  recipes::DrawingRows noise;
  for (const auto& picture : row.pictures) {
    from.push_back(picture.from);
    to.push_back(picture.to);
    shares.push_back(static_cast<float>(picture.text_share));
    noise.push_back(picture.noise);
  }
  auto prompt = row.kind == "text" ? reader.PromptBetween(from, to, shares) : reader.PromptOf(from);
  const auto count = std::ssize(noise);
  if (places.boxes.defined()) prompt.boxes = places.boxes.expand({count, -1});
  if (places.key_points.defined()) prompt.key_points = places.key_points.expand({count, -1, -1});
  return drawer.Draw(prompt, noise).images.back().cpu();
}

Json ManifestLine(const PictureRow& row, const RowPicture& picture) {
  Json line = {{"kind", row.kind},
               {"caption", picture.from.text},
               {"seed", picture.noise.seed},
               {"noise", picture.noise.row + 1},
               {"label", picture.label}};
  if (row.kind == "text") line.update({{"to_caption", picture.to.text}, {"share", picture.text_share}});
  if (row.kind == "noise")
    line.update({{"to_seed", picture.noise.other_seed}, {"share", picture.noise.share}});
  return line;
}

}  // namespace

void RowOptions::Declare(OptionList& list) {
  list.Add("texts", &texts, AnyValue(),
           "File of sentences, one a line, in place of --text: --n pictures of each, all from noises of "
           "their own");
  list.Add(
      "edit", &edit, AnyValue(),
      "WORD:NEW,...: beside --text's pictures those with one word changed, from the same noise; WORD#2 is "
      "the second such word");
  list.Add("to_text", &to_text, AnyValue(),
           "Another sentence: pictures on the way to it from --text, between their words' and sentences' "
           "features, from the same noise");
  list.Add("to_seed", &to_seed, AtLeast(-1),
           "Another seed: pictures on the way to its noise from --seed's, on the great circle; -1: none");
  list.Add("between", &between, Between(1, 30), "Pictures on such a way, its two ends not counted");
}

std::vector<PictureRow> PlanRows(const RowOptions& options, const std::string& text, int64_t count,
                                 uint64_t seed, const PromptReader& reader, TrainedModel& model) {
  const auto caption = reader.ReadKnown(text, "--text");
  const auto [edited, labels] = EditedCaptions(options, caption, reader);
  ReadSentence other;
  if (!options.to_text.empty()) {
    if (!DrawerOf(model).mixes_captions())
      ThrowUser("'" + model.options().run.recipe + "' has nothing between two captions", "--to_text");
    other = reader.ReadKnown(options.to_text, "--to_text");
  }
  std::vector<PictureRow> rows;
  for (int64_t i = 0; i < count; ++i) {
    const recipes::RowNoise noise{seed, i};
    if (!options.edit.empty()) rows.push_back(EditRow(edited, labels, noise));
    if (!options.to_text.empty()) rows.push_back(TextRow(caption, other, options.between, noise));
    if (options.to_seed >= 0)
      rows.push_back(NoiseRow(caption, static_cast<uint64_t>(options.to_seed), options.between, noise));
  }
  return rows;
}

std::vector<PictureRow> PlanTexts(const std::string& texts, int64_t count, uint64_t seed,
                                  const PromptReader& reader) {
  if (IsFolder(texts)) ThrowUser("is a directory, expected a file", "--texts=" + texts);
  std::ifstream file(texts);
  if (!file) ThrowUser("cannot be opened", "--texts=" + texts, "name a file of sentences, one a line");
  std::vector<PictureRow> rows;
  for (std::string line; std::getline(file, line);) {
    if (rows.empty()) DropByteOrderMark(line);
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty()) continue;
    const auto number = std::ssize(rows);
    const auto caption = reader.ReadKnown(line, "--texts=" + texts + ": '" + line + "'");
    PictureRow row{"picture", std::to_string(number + 1), line, {}};
    for (int64_t i = 0; i < count; ++i) {
      const recipes::RowNoise noise{seed, number * count + i};
      row.pictures.push_back({"noise " + std::to_string(noise.row + 1), caption, caption, 0, noise});
    }
    rows.push_back(std::move(row));
  }
  if (rows.empty()) ThrowUser("has no sentence", "--texts=" + texts);
  return rows;
}

void DrawRows(const std::vector<PictureRow>& rows, const recipes::Prompt& places, const PromptReader& reader,
              TrainedModel& model, const std::filesystem::path& out) {
  std::vector<eval::Sample> shown;
  DrawingManifest manifest(out);
  for (const auto& row : rows) {
    const auto pictures = Drawn(row, places, reader, DrawerOf(model));
    eval::Sample sample{row.title, {}, {}, {}};
    for (size_t i = 0; i < row.pictures.size(); ++i) {
      sample.stages.push_back(pictures[static_cast<int64_t>(i)]);
      sample.labels.push_back(row.pictures[i].label);
      manifest.Add(row.name + "-" + std::to_string(i + 1), sample.stages.back(),
                   ManifestLine(row, row.pictures[i]));
    }
    if (std::ssize(shown) < kShownRows) shown.push_back(std::move(sample));
  }
  if (std::ssize(rows) > kShownRows)
    LOG(WARNING) << out.string() << " shows " << kShownRows << " of " << rows.size()
                 << " rows; all pictures are beside it";
  eval::WritePng(
      out, eval::DrawSampleGrid(shown, {.title = model.options().run.recipe, .subtitle = "", .columns = 1}));
  manifest.Write();
}

}  // namespace helio::app
