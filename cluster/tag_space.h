#pragma once
#include <cstdint>
#include <vector>

namespace helio::cluster {

// How communicators share MPI_COMM_WORLD without asking MPI for communicators, whose creation blocks: each
// has a slot, and a slot has a range of tags. Tag 0 is the heartbeat's. Pure.
class TagSpace {
 public:
  static constexpr int kSlots = 32;  // communicators at once

  // `limit`: tags are below it.
  explicit TagSpace(int limit) : width_((limit - 1) / kSlots) {}

  int width() const { return width_; }
  int FirstOf(int slot) const { return 1 + slot * width_; }

  // The lowest slot that is not in any of the masks (bit s: slot s is taken); -1 if there is none.
  static int FirstFree(const std::vector<uint32_t>& taken);

 private:
  int width_;
};

// Hands out a slot's tags, round and round. Ranks that reserve in one order get the same tags.
class TagCounter {
 public:
  TagCounter(const TagSpace& space, int slot) : first_(space.FirstOf(slot)), width_(space.width()) {}

  // The first of `count` neighbouring tags. Throws Error{kSystem} if the library has not that many.
  int Reserve(int64_t count);

 private:
  int first_, width_;
  int next_ = 0;
};

}  // namespace helio::cluster
