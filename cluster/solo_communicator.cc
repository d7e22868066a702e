#include "cluster/solo_communicator.h"

#include "src/base/tensor.h"

namespace helio::cluster {
namespace {

class SoloCommunicator : public Communicator {
 public:
  SoloCommunicator(const World& world, std::string name, std::shared_ptr<JobState> job)
      : Communicator(world, std::move(name), std::move(job)) {}

  void Abort(std::string_view, int) noexcept override {}

 protected:
  Pending DoAllReduce(const Call&, torch::Tensor, Reduce) override { return {}; }
  Pending DoReduceScatter(const Call&, torch::Tensor whole, torch::Tensor part, Reduce) override {
    return Copy(whole, part);
  }
  Pending DoAllGather(const Call&, torch::Tensor part, torch::Tensor whole) override {
    return Copy(part, whole);
  }
  Pending DoBroadcast(const Call&, torch::Tensor, int) override { return {}; }
  void DoBarrier(const Call&) override {}
  std::unique_ptr<Communicator> DoSplit(const Call&, int, std::string name) override {
    return std::make_unique<SoloCommunicator>(world(), std::move(name), share_job());
  }

 private:
  static Pending Copy(const torch::Tensor& from, const torch::Tensor& to) {
    torch::NoGradGuard no_grad;
    if (from.data_ptr() != to.data_ptr()) to.view(-1).copy_(from.view(-1));
    return {};
  }
};

}  // namespace

std::unique_ptr<Communicator> MakeSoloCommunicator(const World& world, const Deadlines& deadlines) {
  auto job = std::make_shared<JobState>();
  job->deadlines = deadlines;
  return std::make_unique<SoloCommunicator>(world, "world", std::move(job));
}

}  // namespace helio::cluster
