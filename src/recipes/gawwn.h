#pragma once
#include "src/recipes/gawwn_game.h"

namespace helio::recipes {

// GAWWN (Reed et al., NIPS 2016), a bird in a given box (section 4.1): boxes come with the pictures, cropped
// and mirrored as they are.
std::unique_ptr<System> MakeGawwnBox(const GawwnOptions& options, const Surroundings& surroundings);

// The same with given key points (section 4.2).
std::unique_ptr<System> MakeGawwnKeypoint(const GawwnOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
