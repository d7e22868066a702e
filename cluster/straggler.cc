#include "cluster/straggler.h"

#include <algorithm>

namespace helio::cluster {

StragglerReport FindStragglers(std::vector<double> seconds, double factor) {
  StragglerReport report;
  report.seconds = std::move(seconds);
  auto sorted = report.seconds;
  // The lower middle: of two ranks the slower one must be able to stand out.
  const auto middle = sorted.begin() + static_cast<int64_t>((sorted.size() - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  report.median = *middle;
  for (size_t rank = 0; rank < report.seconds.size(); ++rank)
    if (report.seconds[rank] > factor * report.median) report.stragglers.push_back(static_cast<int>(rank));
  return report;
}

StragglerDetector::StragglerDetector(Communicator& communicator, int window, double factor)
    : communicator_(communicator), window_(window), factor_(factor) {}

std::optional<StragglerReport> StragglerDetector::Record(double busy_seconds) {
  sum_ += busy_seconds;
  if (++count_ < window_) return std::nullopt;
  auto report = FindStragglers(GatherScalars(communicator_, sum_ / count_, "step times"), factor_);
  sum_ = count_ = 0;
  if (communicator_.rank() == 0)
    for (const int rank : report.stragglers)
      LOG(WARNING) << "rank " << rank << " is slow: " << report.seconds[rank]
                   << " s a step, the median rank needs " << report.median << " s";
  return report;
}

}  // namespace helio::cluster
