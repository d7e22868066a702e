#include "cluster/parameter_group.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <set>

#include "src/base/error.h"

namespace helio::cluster {
namespace {

constexpr int64_t kAlignBytes = 64;      // a cache line, and NCCL's best alignment
constexpr int64_t kNormBlock = 1 << 14;  // elements whose squares are summed in one go

int64_t RoundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

void CheckSameKind(const std::string& group, const std::string& name, const torch::Tensor& tensor,
                   const torch::Tensor& first) {
  CHECK(tensor.is_leaf()) << name << " is no leaf";
  CHECK(tensor.is_non_overlapping_and_dense()) << name << " has holes in memory";
  if (tensor.scalar_type() != first.scalar_type() || tensor.device() != first.device())
    ThrowUser("parameter " + name + " is " + tensor.toString() + ", the others are " + first.toString(),
              "parameter group " + group, "one dtype and device a group");
}

int64_t AlignedElements(const torch::Tensor& like) {
  return kAlignBytes / static_cast<int64_t>(like.element_size());
}

// Where the parameters are to lie, one behind the other.
std::vector<Slot> SlotsOf(const std::string& group, const NamedTensors& parameters) {
  CHECK(!parameters.empty()) << "parameter group " << group << " is empty";
  const auto& first = parameters.front().second;
  std::vector<Slot> slots;
  std::set<const void*> seen;
  int64_t offset = 0;
  for (const auto& [name, tensor] : parameters) {
    CheckSameKind(group, name, tensor, first);
    CHECK(seen.insert(tensor.unsafeGetTensorImpl()).second) << name << " is in the group twice";
    slots.push_back({name, tensor, offset, tensor.numel()});
    offset = RoundUp(offset + tensor.numel(), AlignedElements(first));
  }
  return slots;
}

torch::Tensor ViewLike(const torch::Tensor& flat, const Slot& slot) {
  return flat.as_strided(slot.parameter.sizes(), slot.parameter.strides(),
                         flat.storage_offset() + slot.offset);
}

// [begin, end) ranges of the slots whose names begin with `prefix`, neighbours merged.
std::vector<std::pair<int64_t, int64_t>> RangesOf(const ParameterGroup& group, const std::string& prefix) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  int64_t previous_end = -1;
  for (size_t i = 0; i < group.slots().size(); ++i) {
    const auto& slot = group.slots()[i];
    const int64_t next = i + 1 < group.slots().size() ? group.slots()[i + 1].offset : group.size();
    if (slot.name.starts_with(prefix)) {
      if (slot.offset == previous_end)
        ranges.back().second = slot.offset + slot.size;
      else
        ranges.emplace_back(slot.offset, slot.offset + slot.size);
      previous_end = next;  // the padding between them is zero
    }
  }
  return ranges;
}

template <typename T>
double SquaresOnHost(const T* data, int64_t count) {
  const int64_t blocks = (count + kNormBlock - 1) / kNormBlock;
  std::vector<double> partial(blocks);
  at::parallel_for(0, blocks, 8, [&](int64_t first, int64_t last) {
    for (int64_t block = first; block < last; ++block) {
      const int64_t end = std::min(count, (block + 1) * kNormBlock);
      double lanes[8] = {};  // independent sums, so that the loop vectorises; the order stays fixed
      int64_t i = block * kNormBlock;
      for (; i + 8 <= end; i += 8)
        for (int lane = 0; lane < 8; ++lane) {
          const auto value = static_cast<double>(data[i + lane]);
          lanes[lane] += value * value;
        }
      for (; i < end; ++i) lanes[0] += static_cast<double>(data[i]) * static_cast<double>(data[i]);
      for (const double lane : lanes) partial[block] += lane;
    }
  });
  double sum = 0;
  for (const double one : partial) sum += one;
  return sum;
}

torch::Tensor Scalar(double value) { return torch::scalar_tensor(value, torch::kFloat64); }

torch::Tensor SumOfSquares(const torch::Tensor& flat) {
  if (flat.is_cpu() && flat.scalar_type() == torch::kFloat32)
    return Scalar(SquaresOnHost(flat.const_data_ptr<float>(), flat.numel()));
  if (flat.is_cpu() && flat.scalar_type() == torch::kFloat64)
    return Scalar(SquaresOnHost(flat.const_data_ptr<double>(), flat.numel()));
  return at::linalg_vector_norm(flat, 2, at::OptionalIntArrayRef(), false, torch::kFloat64).square();
}

}  // namespace

ParameterGroup::ParameterGroup(std::string name, const NamedTensors& parameters, int shards)
    : name_(std::move(name)), slots_(SlotsOf(name_, parameters)) {
  torch::NoGradGuard no_grad;
  const auto& first = slots_.front().parameter;
  const auto& last = slots_.back();
  parameters_ = torch::zeros({RoundUp(last.offset + last.size, AlignedElements(first) * shards)},
                             first.options().requires_grad(false));
  gradients_ = torch::zeros_like(parameters_);
  for (auto& slot : slots_) {
    auto view = ViewLike(parameters_, slot);
    view.copy_(slot.parameter);
    slot.parameter.set_data(view);
    gradient_views_.push_back(ViewLike(gradients_, slot));
    slot.parameter.mutable_grad() = gradient_views_.back();
  }
}

void ParameterGroup::ZeroGradient() {
  torch::NoGradGuard no_grad;
  gradients_.zero_();
  for (size_t i = 0; i < slots_.size(); ++i) slots_[i].parameter.mutable_grad() = gradient_views_[i];
}

NamedTensors ParameterGroup::ViewsOf(const torch::Tensor& flat) const {
  CHECK_EQ(flat.numel(), size());
  NamedTensors views;
  for (const auto& slot : slots_) views.emplace_back(slot.name, ViewLike(flat, slot));
  return views;
}

torch::Tensor GradientSquares(const ParameterGroup& group, const std::string& prefix, int64_t begin,
                              int64_t end) {
  torch::NoGradGuard no_grad;
  torch::Tensor sum;
  for (const auto& [first, last] : RangesOf(group, prefix)) {
    if (std::max(first, begin) >= std::min(last, end)) continue;
    const auto own = SumOfSquares(group.gradients().slice(0, std::max(first, begin), std::min(last, end)));
    sum = sum.defined() ? sum + own : own;
  }
  return sum.defined() ? sum : torch::zeros({}, group.gradients().options().dtype(torch::kFloat64));
}

torch::Tensor GradientNorm(const ParameterGroup& group, const std::string& prefix) {
  return GradientSquares(group, prefix, 0, group.size()).sqrt();
}

torch::Tensor ClipFactor(const torch::Tensor& norm, double limit) {
  return torch::where(norm > limit, limit / (norm + 1e-6), 1.0);
}

void ScaleGradients(const ParameterGroup& group, const GradientScale& scale) {
  torch::NoGradGuard no_grad;
  auto gradients = group.gradients();
  if (scale.all != 1) gradients.mul_(scale.all);
  if (!scale.clip.defined()) return;
  for (const auto& [first, last] : RangesOf(group, scale.prefix))
    gradients.slice(0, first, last).mul_(scale.clip.to(gradients.scalar_type()));
}

std::vector<ScaledRange> GradientFactors(const ParameterGroup& group, const GradientScale& scale) {
  const double clipped = scale.clip.defined() ? scale.all * scale.clip.item<double>() : scale.all;
  std::vector<ScaledRange> ranges;
  for (const auto& slot : group.slots()) {
    const double factor = slot.name.starts_with(scale.prefix) ? clipped : scale.all;
    if (!ranges.empty()) ranges.back().end = slot.offset;
    if (ranges.empty() || ranges.back().factor != factor) ranges.push_back({slot.offset, 0, factor});
  }
  ranges.back().end = group.size();
  return ranges;
}

}  // namespace helio::cluster
