#pragma once
#include <string>
#include <vector>

#include "src/app/prompt_reader.h"
#include "src/base/enum_names.h"

namespace helio::app {

// Pictures in rows: of many sentences; or of one the same noise under other words, the way to another
// sentence, the way to another noise.
struct RowOptions {
  std::string texts, edit, to_text;
  int64_t to_seed = -1;  // -1: none
  int64_t between = 6;   // pictures on a way, its two ends not counted

  bool any() const { return !texts.empty() || !edit.empty() || !to_text.empty() || to_seed >= 0; }
  void Declare(OptionList& list);
};

// A picture of a row: its sentence, and of a way the other end and how far it is.
struct RowPicture {
  std::string label;
  ReadSentence from, to;
  double text_share = 0;
  recipes::RowNoise noise;
};

// What a row shows: pictures of one sentence, the sentence with words changed, the way to another sentence or
// to another noise.
enum class RowKind { kPictures, kEdit, kText, kNoise };
// As manifests and files' names have it.
inline constexpr Named<RowKind> kRowKinds[] = {{RowKind::kPictures, "picture"},
                                               {RowKind::kEdit, "edit"},
                                               {RowKind::kText, "text"},
                                               {RowKind::kNoise, "noise"}};

struct PictureRow {
  RowKind kind;
  std::string name;  // of its pictures' files
  std::string title;
  std::vector<RowPicture> pictures;
};

// The rows that are asked for, for each of `count` noises of `seed`. Throws Error{kUser}: unknown words,
// edits of words that are not there, a system that has nothing between two captions.
std::vector<PictureRow> PlanRows(const RowOptions& options, const std::string& text, int64_t count,
                                 uint64_t seed, const PromptReader& reader, TrainedModel& model);

// A row for each line of the file `texts` that is not blank: `count` pictures of that sentence, each from
// noise of its own. Throws Error{kUser}: no such file, no sentence in it, unknown words.
std::vector<PictureRow> PlanTexts(const std::string& texts, int64_t count, uint64_t seed,
                                  const PromptReader& reader);

}  // namespace helio::app
