#include "cluster/gradient_reducer.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>

#include "cluster/sharding.h"
#include "src/base/autograd.h"
#include "src/base/seconds.h"

namespace helio::cluster {
namespace {

std::vector<Bucket> PlanFor(const ParameterGroup& group, const ReducerOptions& options) {
  const double elements_per_mb = (1 << 20) / static_cast<double>(group.gradients().element_size());
  std::vector<int64_t> offsets;
  for (const auto& slot : group.slots()) offsets.push_back(slot.offset);
  // A shard is a slice of the whole: one bucket, which reduces under the next phases.
  if (options.shard) return PlanBuckets(offsets, group.size(), {group.size(), group.size()});
  const auto limit = [&](double mb) {
    return std::max<int64_t>(1, static_cast<int64_t>(mb * elements_per_mb));
  };
  return PlanBuckets(offsets, group.size(), {limit(options.first_bucket_mb), limit(options.bucket_mb)});
}

}  // namespace

// The way from a parameter's hook to its reducer; the hooks may outlive the reducer.
struct GradientReducer::Hooks {
  GradientReducer* reducer;

  struct Hook : torch::autograd::PostAccumulateGradHook {
    Hook(std::shared_ptr<Hooks> all, size_t index) : hooks(std::move(all)), slot(index) {}
    void operator()(const torch::Tensor&) override {
      if (hooks->reducer) hooks->reducer->OnGradient(slot);
    }
    std::shared_ptr<Hooks> hooks;
    size_t slot;
  };
};

GradientReducer::GradientReducer(Communicator& communicator, ParameterGroup& group,
                                 const ReducerOptions& options)
    : communicator_(communicator),
      group_(group),
      options_(options),
      plan_(PlanFor(group, options)),
      bucket_of_slot_(group.slots().size()),
      hooks_(std::make_shared<Hooks>(this)) {
  for (size_t bucket = 0; bucket < plan_.size(); ++bucket)
    for (size_t slot = plan_[bucket].first_slot; slot <= plan_[bucket].last_slot; ++slot)
      bucket_of_slot_[slot] = bucket;
  for (size_t slot = 0; slot < group.slots().size(); ++slot)
    torch::autograd::impl::set_post_acc_grad_hooks(group.slots()[slot].parameter,
                                                   std::make_unique<Hooks::Hook>(hooks_, slot));
  if (options.bfloat16_wire && communicator.size() > 1)
    wire_ = torch::empty_like(group.gradients(), torch::kBFloat16);
}

GradientReducer::~GradientReducer() { hooks_->reducer = nullptr; }

GradientReducer::Pass GradientReducer::Arm() {
  CHECK(!armed_ && pending_.empty()) << group_.name() << ": armed twice without Wait";
  armed_ = true;
  seen_.assign(group_.slots().size(), false);
  missing_.clear();
  for (const auto& bucket : plan_) missing_.push_back(bucket.last_slot - bucket.first_slot + 1);
  next_ = 0;
  stats_ = {};
  return Pass(*this);
}

void GradientReducer::OnGradient(size_t slot) {
  if (!armed_) return;
  CHECK(!seen_[slot]) << group_.slots()[slot].name << ": two backward passes while armed";
  seen_[slot] = true;
  --missing_[bucket_of_slot_[slot]];
  if (options_.overlap) LaunchReady();
}

void GradientReducer::LaunchReady() {
  while (next_ < plan_.size() && missing_[next_] == 0) Launch(next_++);
}

void GradientReducer::Launch(size_t bucket) {
  torch::NoGradGuard no_grad;
  const auto& range = plan_[bucket];
  auto slice = group_.gradients().slice(0, range.begin, range.end);
  if (wire_.defined()) {
    auto wire = wire_.slice(0, range.begin, range.end);
    wire.copy_(slice);
    slice = wire;
  }
  stats_.bytes += static_cast<int64_t>(slice.nbytes());
  ++stats_.buckets;
  pending_.push_back(Send(slice, group_.name() + "/" + std::to_string(bucket)));
}

Pending GradientReducer::Send(const torch::Tensor& slice, const std::string& label) {
  if (!options_.shard) return communicator_.AllReduce(slice, Reduce::kMean, label);
  const auto shard = OwnShard(group_, communicator_.world());
  return communicator_.ReduceScatter(slice, slice.slice(0, shard.begin, shard.end), Reduce::kMean, label);
}

void GradientReducer::LaunchRemaining() {
  CHECK(armed_) << group_.name() << ": not armed";
  armed_ = false;
  while (next_ < plan_.size()) Launch(next_++);
}

void GradientReducer::Wait() {
  CHECK(!armed_) << group_.name() << ": LaunchRemaining comes before Wait";
  const auto begin = Clock::now();
  for (size_t bucket = 0; bucket < pending_.size(); ++bucket) {
    communicator_.Await(pending_[bucket]);
    Collect(bucket);
  }
  stats_.exposed_seconds = SecondsSince(begin);
  MeasureBusy();
  pending_.clear();
}

void GradientReducer::Collect(size_t bucket) {
  torch::NoGradGuard no_grad;
  const auto& range = plan_[bucket];
  auto gradients = group_.gradients().slice(0, range.begin, range.end);
  if (wire_.defined()) gradients.copy_(wire_.slice(0, range.begin, range.end));
  if (options_.accumulate > 1) gradients.mul_(1.0 / options_.accumulate);
}

// Buckets start in order, so the union of their intervals is one sweep.
void GradientReducer::MeasureBusy() {
  Clock::time_point covered{};
  for (const auto& pending : pending_) {
    if (!pending.operation() || !pending.Done()) continue;
    const auto begin = std::max(pending.operation()->started(), covered);
    const auto end = pending.operation()->finished();
    if (end > begin) stats_.busy_seconds += Seconds(end - begin);
    covered = std::max(covered, end);
  }
}

void GradientReducer::Disarm() {
  armed_ = false;
  pending_.clear();
}

}  // namespace helio::cluster
