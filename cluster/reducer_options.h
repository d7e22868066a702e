#pragma once
#include "src/base/option_list.h"

namespace helio::cluster {

// --wire_dtype: what gradients travel as.
enum class WireDtype {
  kSame,      // as they are
  kBfloat16,  // half the bytes. Over MPI they are summed in float32 and rounded once, over NCCL rounded at
              // every hop (communicator.h)
};
inline constexpr Named<WireDtype> kWireDtypes[] = {{WireDtype::kSame, "same"},
                                                   {WireDtype::kBfloat16, "bfloat16"}};

// How gradients become their mean over the ranks (gradient_reducer.h, reduction.h, wire.h).
struct ReducerOptions {
  double first_bucket_mb = 1;
  double bucket_mb = 25;
  WireDtype wire_dtype = WireDtype::kSame;
  // Only the own slice (sharding.h) becomes the mean; the rest is scratch afterwards.
  bool shard_optimizer = false;
  bool overlap = true;  // false: everything is sent after backward (to measure what overlap saves)

  void Declare(OptionList& list);
};

}  // namespace helio::cluster
