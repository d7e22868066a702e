#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>

namespace helio::eval {

// Called on every rank after each chunk of pictures with the number that all ranks together have judged by
// now, of `all`, if the others keep pace with this one.
using ProgressCallback = std::function<void(int64_t judged, int64_t all)>;

// Calls `progress`, if any, after the chunk that begins at row `first`, where each of `ranks` ranks has one
// chunk at a time.
inline void ReportProgress(const ProgressCallback& progress, int64_t first, int64_t chunk, int64_t ranks,
                           int64_t all) {
  if (progress) progress(std::min(all, (first / (ranks * chunk) + 1) * ranks * chunk), all);
}

}  // namespace helio::eval
