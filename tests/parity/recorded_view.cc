#include "tests/parity/recorded_view.h"

namespace helio::parity {
namespace {

using torch::indexing::Ellipsis;
using torch::indexing::Slice;
using Kind = RecordedView::Kind;

constexpr int64_t kCropSide = 48;

Kind KindOf(const std::string& ending) {
  if (ending.rfind("stride", 0) == 0) return Kind::kStride;
  if (ending.rfind("crop", 0) == 0 && ending.size() > 4) return Kind::kCrop;
  if (ending == "rows8") return Kind::kEighthRows;
  if (ending == "norm") return Kind::kNorm;
  if (ending == "sums") return Kind::kSums;
  return Kind::kAll;
}

int64_t NumberIn(const std::string& ending) {
  const auto digits = ending.find_first_of("0123456789");
  return digits == std::string::npos ? 0 : std::stoll(ending.substr(digits));
}

}  // namespace

RecordedView RecordedView::Of(const std::string& name) {
  const auto dot = name.rfind('.');
  const auto ending = name.substr(dot + 1);
  const auto kind = KindOf(ending);
  if (kind == Kind::kAll) return {name, kind, 0};
  return {name.substr(0, dot), kind, NumberIn(ending)};
}

torch::Tensor RecordedView::Look(const torch::Tensor& whole) const {
  switch (kind) {
    case Kind::kAll:
      return whole;
    case Kind::kStride: {
      const Slice every({}, {}, number);
      return whole.index({Ellipsis, every, every});
    }
    case Kind::kCrop: {
      const Slice part(number, number + kCropSide);
      return whole.index({Ellipsis, part, part});
    }
    case Kind::kEighthRows:
      return whole.index({Slice({}, {}, 8)});
    case Kind::kNorm:
      return whole.to(torch::kFloat64).norm();
    case Kind::kSums:
      return torch::stack({whole.to(torch::kFloat64).sum(), whole.to(torch::kFloat64).square().sum()});
  }
  return whole;
}

}  // namespace helio::parity
