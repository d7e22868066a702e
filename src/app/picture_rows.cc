#include "src/app/picture_rows.h"

#include <fstream>
#include <iterator>

#include "dataio/text.h"
#include "dataio/text_file.h"
#include "src/app/caption_edits.h"
#include "src/base/error.h"
#include "src/base/file_system.h"

namespace helio::app {
namespace {

std::string Percent(double share) { return std::to_string(static_cast<int>(share * 100 + 0.5)) + " %"; }

std::string Title(const std::string& what, const recipes::RowNoise& noise) {
  return what + " (seed " + std::to_string(noise.seed) + ", noise " + std::to_string(noise.row + 1) + ")";
}

// A row without pictures yet, all of which are of this noise or begin with it.
PictureRow RowOf(RowKind kind, const std::string& title, const recipes::RowNoise& noise) {
  return {kind, NameIn(kRowKinds, kind) + "-" + std::to_string(noise.row + 1), title, {}};
}

// A caption, and what its picture is called.
struct LabelledCaption {
  std::string label;
  ReadSentence caption;
};

PictureRow EditRow(const std::vector<LabelledCaption>& captions, const recipes::RowNoise& noise) {
  auto row = RowOf(RowKind::kEdit, Title(captions[0].caption.text, noise), noise);
  for (const auto& [label, caption] : captions) row.pictures.push_back({label, caption, caption, 0, noise});
  return row;
}

PictureRow TextRow(const ReadSentence& from, const ReadSentence& to, int64_t between,
                   const recipes::RowNoise& noise) {
  auto row = RowOf(RowKind::kText, Title(from.text + " -> " + to.text, noise), noise);
  for (int64_t i = 0; i <= between + 1; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(between + 1);
    row.pictures.push_back({Percent(share), from, to, share, noise});
  }
  return row;
}

PictureRow NoiseRow(const ReadSentence& text, uint64_t to_seed, int64_t between, recipes::RowNoise noise) {
  auto row = RowOf(RowKind::kNoise, Title(text.text, noise) + " -> seed " + std::to_string(to_seed), noise);
  noise.other_seed = to_seed;
  for (int64_t i = 0; i <= between + 1; ++i) {
    noise.share = static_cast<double>(i) / static_cast<double>(between + 1);
    row.pictures.push_back({Percent(noise.share), text, text, 0, noise});
  }
  return row;
}

// The caption and those with one word changed.
std::vector<LabelledCaption> EditedCaptions(const RowOptions& options, const ReadSentence& caption,
                                            const PromptReader& reader) {
  std::vector<LabelledCaption> edited{{"as asked", caption}};
  for (const auto& edit : EditsOf(caption.text, options.edit)) {
    auto read = reader.Read(edit.caption);
    if (!reader.Read(edit.word).unknown.empty())
      ThrowUser("the system does not know '" + edit.word + "'", "--edit=" + options.edit,
                "the training captions show which words it knows");
    edited.push_back({edit.label, std::move(read)});
  }
  return edited;
}

std::string WholeText(const std::string& texts) {
  if (IsFolder(texts)) ThrowUser("is a directory, expected a file", "--texts=" + texts);
  std::ifstream file(texts);
  if (!file) ThrowUser("cannot be opened", "--texts=" + texts, "name a file of sentences, one a line");
  std::string text{std::istreambuf_iterator<char>(file), {}};  // of a pipe, too
  if (text.find('\0') != std::string::npos || !dataio::IsUtf8(text))
    ThrowUser("is not UTF-8", "--texts=" + texts, "save it as UTF-8, or convert it with iconv");
  dataio::MakePlain(text);
  return text;
}

std::vector<std::string> SentencesIn(const std::string& texts) {
  auto sentences = dataio::TrimmedLines(WholeText(texts));
  if (sentences.empty()) ThrowUser("has no sentence", "--texts=" + texts);
  return sentences;
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
  list.Add("between", &between, Between(1, 30),
           "Pictures on the way of --to_text or --to_seed, its two ends not counted");
}

std::vector<PictureRow> PlanRows(const RowOptions& options, const std::string& text, int64_t count,
                                 uint64_t seed, const PromptReader& reader, TrainedModel& model) {
  const auto caption = reader.ReadKnown(text, "--text");
  const auto edited = EditedCaptions(options, caption, reader);
  ReadSentence other;
  if (!options.to_text.empty()) {
    if (!DrawerOf(model).mixes_captions())
      ThrowUser("'" + model.options().run.recipe + "' has nothing between two captions", "--to_text");
    other = reader.ReadKnown(options.to_text, "--to_text");
  }
  std::vector<PictureRow> rows;
  for (int64_t i = 0; i < count; ++i) {
    const recipes::RowNoise noise{seed, i};
    if (!options.edit.empty()) rows.push_back(EditRow(edited, noise));
    if (!options.to_text.empty()) rows.push_back(TextRow(caption, other, options.between, noise));
    if (options.to_seed >= 0)
      rows.push_back(NoiseRow(caption, static_cast<uint64_t>(options.to_seed), options.between, noise));
  }
  return rows;
}

std::vector<PictureRow> PlanTexts(const std::string& texts, int64_t count, uint64_t seed,
                                  const PromptReader& reader) {
  std::vector<PictureRow> rows;
  for (const auto& line : SentencesIn(texts)) {
    const auto number = std::ssize(rows);
    const auto caption = reader.ReadKnown(line, "--texts=" + texts + ": '" + line + "'");
    PictureRow row{RowKind::kPictures, std::to_string(number + 1), line, {}};
    for (int64_t i = 0; i < count; ++i) {
      const recipes::RowNoise noise{seed, number * count + i};
      row.pictures.push_back({"noise " + std::to_string(noise.row + 1), caption, caption, 0, noise});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace helio::app
