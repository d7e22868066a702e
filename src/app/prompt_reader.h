#pragma once
#include <string>
#include <vector>

#include "src/app/trained_model.h"
#include "src/recipes/drawer.h"

namespace helio::app {

// A sentence to be drawn so many times.
struct AskedText {
  std::string text;
  std::string encoder;  // file of the sentence encoder; empty: the one that the run recorded
  int64_t rows = 1;
};

// The sentence as the model reads it: word ids, or its embedding. `words`: those that the model knows, where
// it reads words. Says which it does not know; throws Error{kUser} where it knows none, or lacks the encoder.
recipes::Prompt PromptFor(const AskedText& asked, const TrainedModel& model, std::vector<std::string>& words);

}  // namespace helio::app
