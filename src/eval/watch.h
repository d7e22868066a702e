#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>

namespace helio::eval {

// Told on every rank after each chunk of pictures: how many of `all` the ranks together have judged by now,
// if the others keep pace with this one.
using Watch = std::function<void(int64_t judged, int64_t all)>;

// After the chunk that begins at row `first`, where `ranks` ranks have one chunk each at a time.
inline void Tell(const Watch& watch, int64_t first, int64_t chunk, int64_t ranks, int64_t all) {
  if (watch) watch(std::min(all, (first / (ranks * chunk) + 1) * ranks * chunk), all);
}

}  // namespace helio::eval
