#include "cluster/bucket_plan.h"

#include "src/base/log.h"

namespace helio::cluster {

std::vector<Bucket> PlanBuckets(std::span<const int64_t> offsets, int64_t total, const BucketLimits& limits) {
  CHECK(!offsets.empty() && offsets[0] == 0);
  std::vector<Bucket> plan;
  int64_t end = total;
  size_t last = offsets.size() - 1;
  for (size_t slot = offsets.size(); slot-- > 0;) {
    const int64_t limit = plan.empty() ? limits.first_elements : limits.elements;
    if (end - offsets[slot] < limit && slot > 0) continue;
    plan.push_back({offsets[slot], end, slot, last});
    end = offsets[slot];
    last = slot - 1;
  }
  return plan;
}

}  // namespace helio::cluster
