#pragma once
#include "src/recipes/gawwn_game.h"

namespace helio::recipes {

// Defaults: nips2016 script of birds: no wrong pairs, one caption.
struct GawwnPointsOptions : GawwnOptions {
  GawwnPointsOptions() {
    cls_weight = 0;
    sentence_captions = 1;
  }
  double drop = 0.9;
  void Declare(OptionList& list);
};

// GAWWN's conditional generator of key points (section 4.3): from a sentence and any subset of the points to
// all of them. Draws no pictures. Validation: how far completed points of held-out birds are from theirs.
std::unique_ptr<System> MakeGawwnPoints(const GawwnPointsOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
