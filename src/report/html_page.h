#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "src/report/run_record.h"

namespace helio::report {

struct PageOptions {
  size_t curve_points = 400;             // at most, of each curve
  size_t samples = 24;                   // sample pictures of a run, at most
  size_t pictures = 48;                  // its other pictures, at most
  uintmax_t picture_bytes = 8ull << 20;  // larger pictures are left out and named
};

// One self-contained HTML page (nothing is loaded from elsewhere): curves, samples over time, pictures,
// configuration and final scores of `runs` side by side. Pictures that cannot be read become a concern on the
// page.
std::string HtmlPage(std::vector<RunRecord> runs, const PageOptions& options);

}  // namespace helio::report
