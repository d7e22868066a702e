#pragma once
#include <string>

#include "dataio/dataset.h"
#include "src/app/training_options.h"
#include "src/eval/folder_scores.h"

namespace helio::app {

// The options of helio-eval alone.
struct HelioEvalOptions : eval::DistanceChoice {
  std::string checkpoint, attributes;
  eval::FolderScoreOptions folders;  // and where features go
  int64_t images = 3000, diversity = 0, inception_splits = 10;
  bool by_class = false;

  void Declare(OptionList& list);
};

// Whether options of an evaluation of --checkpoint fit together, and ask for enough pictures for each score.
// Throws Error{kUser}: before anything is drawn.
void CheckEvalOptions(const HelioEvalOptions& own, const TrainingOptions& options);

// Whether there are enough of the real pictures that drawn ones are compared with. Throws Error{kUser}.
void CheckRealRows(const HelioEvalOptions& own, const dataio::Dataset& test);

}  // namespace helio::app
