#include "cluster/reduction.h"

#include <algorithm>

#include "cluster/sharding.h"

namespace helio::cluster {
namespace {

std::vector<int64_t> OffsetsOf(const ParameterGroup& group) {
  std::vector<int64_t> offsets;
  for (const auto& slot : group.slots()) offsets.push_back(slot.offset);
  return offsets;
}

class MeanEverywhere : public Reduction {
 public:
  MeanEverywhere(Communicator& communicator, const ParameterGroup& group, const ReducerOptions& options)
      : communicator_(communicator), group_(group), options_(options) {}

  std::vector<Bucket> Plan() const override {
    return PlanBuckets(OffsetsOf(group_), group_.size(),
                       {ElementsIn(options_.first_bucket_mb), ElementsIn(options_.bucket_mb)});
  }
  Pending Start(const torch::Tensor& slice, const std::string& label) override {
    return communicator_.AllReduce(slice, Reduce::kMean, label);
  }

 private:
  int64_t ElementsIn(double mb) const {
    const double elements_per_mb = (1 << 20) / static_cast<double>(group_.gradients().element_size());
    return std::max<int64_t>(1, static_cast<int64_t>(mb * elements_per_mb));
  }

  Communicator& communicator_;
  const ParameterGroup& group_;
  const ReducerOptions options_;
};

// A shard is a slice of the whole: one bucket, which reduces under the next phases.
class MeanOfOwnShard : public Reduction {
 public:
  MeanOfOwnShard(Communicator& communicator, const ParameterGroup& group)
      : communicator_(communicator), group_(group) {}

  std::vector<Bucket> Plan() const override {
    return PlanBuckets(OffsetsOf(group_), group_.size(), {group_.size(), group_.size()});
  }
  Pending Start(const torch::Tensor& slice, const std::string& label) override {
    const auto shard = OwnShard(group_, communicator_.world());
    return communicator_.ReduceScatter(slice, slice.slice(0, shard.begin, shard.end), Reduce::kMean, label);
  }

 private:
  Communicator& communicator_;
  const ParameterGroup& group_;
};

}  // namespace

std::unique_ptr<Reduction> MakeReduction(Communicator& communicator, const ParameterGroup& group,
                                         const ReducerOptions& options) {
  if (options.shard_optimizer) return std::make_unique<MeanOfOwnShard>(communicator, group);
  return std::make_unique<MeanEverywhere>(communicator, group, options);
}

}  // namespace helio::cluster
