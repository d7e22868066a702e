#pragma once
#include "src/base/tensor.h"
#include "src/train/checkpoint.h"
#include "tests/support/scratch_folder.h"

namespace helio::train {

// A state whose tensors tell its step.
inline Snapshot SmallSnapshot(int64_t step, const Json& scores = Json::object()) {
  Snapshot snapshot;
  snapshot.step = step;
  snapshot.tensors["model"] = {{"w", torch::full({4}, static_cast<double>(step))},
                               {"n", torch::tensor(step)}};
  snapshot.texts["run.flags"] = "--seed=1\n";
  snapshot.info = {.world_size = 2, .scores = scores};
  return snapshot;
}

}  // namespace helio::train
