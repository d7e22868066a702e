#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace helio::cluster {

// A slice of the flat gradient that is reduced in one collective.
struct Bucket {
  int64_t begin = 0;  // elements of the flat buffer
  int64_t end = 0;
  size_t first_slot = 0;  // slots [first_slot, last_slot] lie in it
  size_t last_slot = 0;

  int64_t size() const { return end - begin; }
};

struct BucketLimits {
  int64_t first_elements = 1 << 18;  // the first bucket is small so that communication starts early
  int64_t elements = 25 << 18;       // 25 MiB of float32
};

// Buckets in launch order: backward fills gradients from the last slot to the first, so bucket 0 holds the
// last slots. Every bucket is contiguous and closes at the first slot that reaches its limit; together they
// cover [0, total) without overlap, so a padded tail travels with the last slot. `offsets` are the slots'
// ascending first elements. Pure.
std::vector<Bucket> PlanBuckets(std::span<const int64_t> offsets, int64_t total, const BucketLimits& limits);

}  // namespace helio::cluster
