#pragma once
#include <filesystem>
#include <vector>

#include "dataio/pack_plan.h"

// The step from packed shards to a data set that programs read.
namespace helio::dataio {

// Somebody else's file of a data set's name is not ours to replace: throws Error{kUser} if there is one.
void CheckPlace(const std::filesystem::path& out);

// Moves the shards of `jobs` from the stage to options.out, replacing a data set that is there, and writes
// the vocabulary and, last, the manifest. Until then the earlier data set is whole. Throws Error{kSystem}.
void Publish(const Packing& packing, std::vector<PackJob> jobs);

}  // namespace helio::dataio
