#pragma once
#include <cstdint>

namespace helio {

// Which rows of the global batch this rank holds: [first, first + local) of [0, global).
struct RowRange {
  int64_t first = 0;
  int64_t local = 0;
  int64_t global = 0;

  int64_t end() const { return first + local; }
  // True where one rank holds the whole batch.
  bool whole() const { return local == global; }
};

// The split used everywhere: rank r of n holds rows [r*global/n, (r+1)*global/n). Contiguous, in order, sizes
// differ by one at most.
inline RowRange SplitRows(int64_t global, int64_t rank, int64_t ranks) {
  const int64_t first = rank * global / ranks;
  return {first, (rank + 1) * global / ranks - first, global};
}

}  // namespace helio
