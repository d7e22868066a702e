#pragma once
#include <cstdint>
#include <string>

#include "src/base/json.h"
#include "src/train/run_history.h"
#include "src/train/run_identity.h"

namespace helio::train {

// What a checkpoint's manifest says of it, beside its step (docs/formats-checkpoint.md). Empty or 0: it does
// not say so.
struct CheckpointInfo {
  RunIdentity identity = {};  // but for the defaults, which are this program's
  RunHistory history = {};
  int64_t world_size = 0, global_batch = 0, steps_per_epoch = 0;
  uint64_t seed = 0;
  std::string version = {}, revision = {};  // of the program that made it
  std::string weight_gradient = {};         // how they were computed there: "taps" or "by_shape"
  Json scores = {};                         // by name, of an evaluation at this very step; else null
};

// In the manifest's order of keys.
Json ToJson(const CheckpointInfo& info);

// Keys that it does not know are passed over. Throws Error{kData} that names `where` and the key if a value
// is of another type.
CheckpointInfo InfoFromJson(const Json& json, const std::string& where);

}  // namespace helio::train
