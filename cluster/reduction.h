#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cluster/bucket_plan.h"
#include "cluster/communicator.h"
#include "cluster/parameter_group.h"
#include "cluster/reducer_options.h"

namespace helio::cluster {

// Which collective turns a group's gradients into their mean over the ranks.
class Reduction {
 public:
  virtual ~Reduction() = default;
  // The slices that it reduces, in launch order. Pure.
  virtual std::vector<Bucket> Plan() const = 0;
  // Starts the reduction of a slice as it travels (wire.h). Collective, asynchronous.
  virtual Pending Start(const torch::Tensor& slice, const std::string& label) = 0;
};

// Buckets by the options' sizes, each the mean on every rank; or with shard_optimizer the whole group at
// once, of which each rank gets its own slice (sharding.h) and the rest is scratch afterwards.
std::unique_ptr<Reduction> MakeReduction(Communicator& communicator, const ParameterGroup& group,
                                         const ReducerOptions& options);

}  // namespace helio::cluster
