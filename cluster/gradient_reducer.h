#pragma once
#include <algorithm>
#include <utility>

#include "cluster/communicator.h"
#include "cluster/parameter_group.h"
#include "cluster/reducer_options.h"
#include "cluster/reduction.h"
#include "cluster/wire.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// What one reduction cost. Its times are the device's: to ask for them waits until it is over.
struct ReduceStats {
  int64_t bytes = 0;  // on the wire, of this rank's gradient (not times the algorithm's factor)
  int buckets = 0;
  std::vector<Interval> under_way;  // each bucket's way, in order
  Interval waited;                  // nothing else was to do (a CPU: the host stood in Wait)

  double busy_seconds() const;  // at least one bucket under way
  double exposed_seconds() const { return waited.seconds(); }
  double hidden_seconds() const { return std::max(busy_seconds() - exposed_seconds(), 0.0); }
};

// Replaces a group's gradients by their mean over the ranks, bucket by bucket, while backward still computes
// and while later phases compute. Per step:
//
//   group.ZeroGradient();
//   {
//     auto pass = reducer.Arm();  // backward of *this* group's loss comes next
//     loss.backward();            // full buckets leave in plan order, the same on every rank
//     pass.LaunchRemaining();     // parameters without gradient count as zero; does not block
//   }
//   ... other phases of the round: their own Arm, backward, LaunchRemaining ...
//   reducer.Wait();               // gradients are means now
//
// With accumulation only the last micro-batch is armed: what is reduced is the sum of all. Hooks of groups
// that are not armed do nothing, so a generator's backward through the discriminators sends nothing of
// theirs. Several reducers share one communicator: Arm, LaunchRemaining and Wait come in the same order on
// every rank. Not thread-safe.
class GradientReducer {
 public:
  GradientReducer(Communicator& communicator, ParameterGroup& group, const ReducerOptions& options);
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;
  ~GradientReducer();  // removes the hooks; does not communicate

  // A backward pass whose gradients are reduced. Ending it before LaunchRemaining (an exception) forgets the
  // pass; local, then.
  class [[nodiscard]] Pass {
   public:
    explicit Pass(GradientReducer& reducer) : reducer_(&reducer) {}
    Pass(Pass&& other) noexcept : reducer_(std::exchange(other.reducer_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (reducer_ && reducer_->armed_) reducer_->Disarm();
    }
    void LaunchRemaining() { reducer_->LaunchRemaining(); }

   private:
    GradientReducer* reducer_;
  };
  // Local. The latest pass has been waited for.
  Pass Arm();
  // Collective. Over NCCL the stream waits, not the host.
  void Wait();

  const std::vector<Bucket>& plan() const { return plan_; }
  const ReduceStats& stats() const { return stats_; }  // of the latest complete pass

 private:
  struct Hooks;
  void LaunchRemaining();
  void Disarm();
  void OnGradient(size_t slot);
  void LaunchReady();
  void Launch(size_t bucket);

  Communicator& communicator_;
  ParameterGroup& group_;
  const bool overlap_;
  const std::unique_ptr<Wire> wire_;
  const std::unique_ptr<Reduction> reduction_;
  const std::vector<Bucket> plan_;
  std::vector<size_t> bucket_of_slot_;
  std::shared_ptr<Hooks> hooks_;

  bool armed_ = false;
  std::vector<bool> seen_;       // per slot, in this pass
  std::vector<size_t> missing_;  // per bucket: slots still without gradient
  size_t next_ = 0;              // bucket to launch next
  std::vector<Pending> pending_;
  ReduceStats stats_;
};

}  // namespace helio::cluster
