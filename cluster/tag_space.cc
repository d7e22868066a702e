#include "cluster/tag_space.h"

#include <algorithm>
#include <bit>
#include <string>

#include "src/base/error.h"

namespace helio::cluster {

int TagSpace::FirstFree(const std::vector<uint32_t>& taken) {
  uint32_t any = 0;
  for (const uint32_t mask : taken) any |= mask;
  return any == ~uint32_t{0} ? -1 : std::countr_one(any);
}

int TagCounter::Reserve(int64_t count) {
  count = std::max<int64_t>(count, 1);
  if (count > width_)
    throw Error(ErrorKind::kSystem,
                "a tensor needs " + std::to_string(count) + " tags, this MPI has " + std::to_string(width_) +
                    " a communicator",
                "MPI_TAG_UB", "use another transport of MPI");
  if (next_ + count > width_) next_ = 0;
  const int tag = first_ + next_;
  next_ += static_cast<int>(count);
  return tag;
}

}  // namespace helio::cluster
