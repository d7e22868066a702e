#include "cluster/gradient_reducer.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include "src/base/autograd.h"

namespace helio::cluster {

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
      overlap_(options.overlap),
      wire_(MakeWire(communicator.size() > 1 ? options.wire_dtype : WireDtype::kSame, group.gradients())),
      reduction_(MakeReduction(communicator, group, options)),
      plan_(reduction_->Plan()),
      bucket_of_slot_(group.slots().size()),
      hooks_(std::make_shared<Hooks>(this)) {
  for (size_t bucket = 0; bucket < plan_.size(); ++bucket)
    for (size_t slot = plan_[bucket].first_slot; slot <= plan_[bucket].last_slot; ++slot)
      bucket_of_slot_[slot] = bucket;
  for (size_t slot = 0; slot < group.slots().size(); ++slot)
    torch::autograd::impl::set_post_acc_grad_hooks(group.slots()[slot].parameter,
                                                   std::make_unique<Hooks::Hook>(hooks_, slot));
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
  if (overlap_) LaunchReady();
}

void GradientReducer::LaunchReady() {
  while (next_ < plan_.size() && missing_[next_] == 0) Launch(next_++);
}

void GradientReducer::Launch(size_t bucket) {
  torch::NoGradGuard no_grad;
  const auto& range = plan_[bucket];
  const auto slice = wire_->Load(range.begin, range.end);
  stats_.bytes += static_cast<int64_t>(slice.nbytes());
  ++stats_.buckets;
  pending_.push_back(reduction_->Start(slice, group_.name() + "/" + std::to_string(bucket)));
}

void GradientReducer::LaunchRemaining() {
  CHECK(armed_) << group_.name() << ": not armed";
  armed_ = false;
  while (next_ < plan_.size()) Launch(next_++);
}

void GradientReducer::Wait() {
  CHECK(!armed_) << group_.name() << ": LaunchRemaining comes before Wait";
  torch::NoGradGuard no_grad;
  const auto device = group_.gradients().device();
  const auto begin = Moment::On(device);
  for (size_t bucket = 0; bucket < pending_.size(); ++bucket) {
    communicator_.Await(pending_[bucket]);
    wire_->Unload(plan_[bucket].begin, plan_[bucket].end);
  }
  stats_.waited = {begin, Moment::On(device)};
  for (const auto& pending : pending_)
    if (pending.operation()) stats_.under_way.push_back(pending.operation()->under_way());
  pending_.clear();
}

// Buckets start in order, so the union of their intervals is one sweep.
double ReduceStats::busy_seconds() const {
  double busy = 0, covered = 0;  // since the first began
  for (const auto& bucket : under_way) {
    const auto& origin = under_way[0].begin;
    const double begin = std::max(bucket.begin.Since(origin), covered), end = bucket.end.Since(origin);
    busy += std::max(end - begin, 0.0);
    covered = std::max(covered, end);
  }
  return busy;
}

void GradientReducer::Disarm() {
  armed_ = false;
  pending_.clear();
}

}  // namespace helio::cluster
