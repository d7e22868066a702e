#pragma once
#include <string>
#include <vector>

#include "cluster/world.h"
#include "dataio/dataset.h"

// Mistakes of the user that can be seen before the first step. Each throws Error{kUser}.
namespace helio::app {

// In the flags alone, all of them in one error. `allowed`: the recipes of this program.
void CheckFlags(const std::vector<std::string>& allowed);
// In what the flags ask of so many ranks.
void CheckRanks(const cluster::World& world);
// R-precision needs 99 captions of other classes beside each of the `images` that --`flag` asks for.
void CheckEvaluation(const dataio::Dataset& test, int64_t images, const std::string& flag);
// --data names a packed data set.
void CheckData();

}  // namespace helio::app
