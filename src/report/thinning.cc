#include "src/report/thinning.h"

#include <algorithm>
#include <span>

namespace helio::report {
namespace {

ThinPoint Merged(std::span<const Point> points) {
  ThinPoint merged{points.back().step, 0, points[0].value, points[0].value, points.back().deviation};
  for (const auto& point : points) {
    merged.mean += point.value / static_cast<double>(points.size());
    merged.least = std::min(merged.least, point.value);
    merged.most = std::max(merged.most, point.value);
  }
  return merged;
}

}  // namespace

std::vector<ThinPoint> Thinned(const std::vector<Point>& points, size_t most) {
  const size_t count = std::min(points.size(), most);
  std::vector<ThinPoint> thin;
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = i * points.size() / count, end = (i + 1) * points.size() / count;
    thin.push_back(Merged(std::span(points).subspan(begin, end - begin)));
  }
  return thin;
}

std::vector<size_t> EvenlyChosen(size_t count, size_t most) {
  const size_t chosen = std::min(count, most);
  std::vector<size_t> numbers;
  for (size_t i = 0; i < chosen; ++i)
    numbers.push_back(chosen == 1 ? count - 1 : i * (count - 1) / (chosen - 1));
  return numbers;
}

}  // namespace helio::report
