#include "cluster/reduce_kernels.h"

#include <algorithm>
#include <array>

namespace helio::cluster {
namespace {

constexpr int64_t kBlock = 1024;  // partial results stay in the first-level cache

template <typename Element, typename Sum>
void Combine(Sum* sum, const Element* part, int64_t count, Reduce op) {
  if (op == Reduce::kMax) {
    // A NaN must not vanish in a maximum: it is how a rank reports trouble.
    for (int64_t i = 0; i < count; ++i) {
      const Sum value = static_cast<Sum>(part[i]);
      if (value > sum[i] || value != value) sum[i] = value;
    }
  } else {
    for (int64_t i = 0; i < count; ++i) sum[i] += static_cast<Sum>(part[i]);
  }
}

template <typename Element, typename Sum>
void Run(void* out, std::span<const void* const> parts, int64_t count, Reduce op) {
  std::array<Sum, kBlock> sum;
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const int64_t size = std::min(kBlock, count - begin);
    const auto* first = static_cast<const Element*>(parts[0]) + begin;
    for (int64_t i = 0; i < size; ++i) sum[i] = static_cast<Sum>(first[i]);
    for (const void* part : parts.subspan(1))
      Combine<Element, Sum>(sum.data(), static_cast<const Element*>(part) + begin, size, op);
    if (op == Reduce::kMean)
      for (int64_t i = 0; i < size; ++i) sum[i] /= static_cast<Sum>(parts.size());
    auto* target = static_cast<Element*>(out) + begin;
    for (int64_t i = 0; i < size; ++i) target[i] = static_cast<Element>(sum[i]);
  }
}

}  // namespace

void ReduceParts(void* out, std::span<const void* const> parts, int64_t count, torch::ScalarType dtype,
                 Reduce op) {
  switch (dtype) {
    case torch::kFloat32:
      return Run<float, float>(out, parts, count, op);
    case torch::kFloat64:
      return Run<double, double>(out, parts, count, op);
    case torch::kBFloat16:
      return Run<c10::BFloat16, float>(out, parts, count, op);
    case torch::kHalf:
      return Run<c10::Half, float>(out, parts, count, op);
    case torch::kInt32:
      return Run<int32_t, int32_t>(out, parts, count, op);
    case torch::kInt64:
      return Run<int64_t, int64_t>(out, parts, count, op);
    case torch::kUInt8:
      return Run<uint8_t, uint8_t>(out, parts, count, op);
    default:
      LOG(FATAL) << "no reduction for " << dtype;
  }
}

}  // namespace helio::cluster
