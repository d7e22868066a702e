#include "cluster/reducer_options.h"

namespace helio::cluster {

void ReducerOptions::Declare(OptionList& list) {
  list.Group("Ranks and machine");
  list.AddOperational("first_bucket_mb", &first_bucket_mb, Above(0),
                      "MB of a phase's first gradient bucket; small, so that communication starts early");
  list.AddOperational("bucket_mb", &bucket_mb, Above(0), "MB of the gradient buckets behind a phase's first");
  list.Add("wire_dtype", &wire_dtype, kWireDtypes,
           "Gradients on the wire; bfloat16: half the bytes, another model");
  list.AddOperational(
      "shard_optimizer", &shard_optimizer, AnyValue(),
      "Every rank keeps 1/N of Adam's moments; same weights bit for bit, clipped phases to rounding");
}

}  // namespace helio::cluster
