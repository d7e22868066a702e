#pragma once
#include <cstdint>
#include <vector>

#include "src/report/run_record.h"

namespace helio::report {

// Some neighbouring points of a curve as one.
struct ThinPoint {
  int64_t step = 0;  // of the last of them
  double mean = 0, least = 0, most = 0;
  double deviation = 0;  // the last one's
};

// At most `most` points, each for about equally many: a page stays small, and peaks stay visible.
std::vector<ThinPoint> Thinned(const std::vector<Point>& points, size_t most);

// At most `most` of the numbers 0 to count - 1, evenly spread, first and last among them.
std::vector<size_t> EvenlyChosen(size_t count, size_t most);

}  // namespace helio::report
