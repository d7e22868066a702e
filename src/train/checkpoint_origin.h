#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "src/train/checkpoint_info.h"

namespace helio::train {

// What a checkpoint's tensor files say of themselves, as safetensors metadata: "format", "run" (a digest of
// what the run computes with: the same for a run that was begun twice), "recipe", "step", "part" (the file's
// stem).
using Origin = std::map<std::string, std::string>;
Origin OriginOf(int64_t step, const CheckpointInfo& info, const std::string& stem);

// How the file at `path` (of checkpoint `expected`) tells that it is of another step, run or part: "is part
// 'model' of step 4 ...". Empty where it tells nothing else, or cannot be read.
std::string OtherOrigin(const std::filesystem::path& path, const Origin& expected);

}  // namespace helio::train
