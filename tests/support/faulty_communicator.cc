#include "tests/support/faulty_communicator.h"

#include <csignal>
#include <stdexcept>
#include <thread>

#include "src/base/enum_names.h"
#include "src/base/error.h"
#include "src/base/tensor.h"

namespace helio::testing {
namespace {

using cluster::Call;
using cluster::Communicator;
using cluster::Pending;
using cluster::Reduce;

class FaultyCommunicator : public Communicator {
 public:
  FaultyCommunicator(Communicator& inner, const Fault& fault)
      : Communicator(inner.world(), inner.name(), inner.share_job()), inner_(inner), fault_(fault) {}

  void Abort(std::string_view cause, int exit_code) noexcept override { inner_.Abort(cause, exit_code); }

 protected:
  Pending DoAllReduce(const Call& call, torch::Tensor buffer, Reduce op) override {
    Happen(call);
    return inner_.AllReduce(std::move(buffer), op, call.label);
  }
  Pending DoReduceScatter(const Call& call, torch::Tensor whole, torch::Tensor part, Reduce op) override {
    Happen(call);
    return inner_.ReduceScatter(std::move(whole), std::move(part), op, call.label);
  }
  Pending DoAllGather(const Call& call, torch::Tensor part, torch::Tensor whole) override {
    Happen(call);
    return inner_.AllGather(std::move(part), std::move(whole), call.label);
  }
  Pending DoBroadcast(const Call& call, torch::Tensor buffer, int root) override {
    Happen(call);
    return inner_.Broadcast(std::move(buffer), root, call.label);
  }
  void DoBarrier(const Call& call) override {
    Happen(call);
    inner_.Barrier(call.label);
  }
  std::unique_ptr<Communicator> DoSplit(const Call& call, int color, std::string name) override {
    Happen(call);
    return inner_.Split(color, std::move(name));
  }

 private:
  void Happen(const Call& call) const {
    if ((fault_.rank >= 0 && rank() != fault_.rank) || call.sequence != fault_.call) return;
    switch (fault_.kind) {
      case Fault::Kind::kNone:
        return;
      case Fault::Kind::kFail:
        throw Error(ErrorKind::kCluster, "injected failure", call.Describe(), "");
      case Fault::Kind::kDelay:
        return std::this_thread::sleep_for(std::chrono::duration<double>(fault_.seconds));
      case Fault::Kind::kHang:
        return std::this_thread::sleep_for(std::chrono::hours(1));
      case Fault::Kind::kKill:
        std::raise(SIGKILL);
        return;
      case Fault::Kind::kStop:
        std::raise(SIGSTOP);
        return;
    }
  }

  Communicator& inner_;
  Fault fault_;
};

}  // namespace

Fault::Kind FaultKind(const std::string& word) {
  static constexpr Named<Fault::Kind> kKinds[] = {
      {Fault::Kind::kNone, "none"}, {Fault::Kind::kFail, "fail"}, {Fault::Kind::kDelay, "delay"},
      {Fault::Kind::kHang, "hang"}, {Fault::Kind::kKill, "kill"}, {Fault::Kind::kStop, "stop"}};
  const auto found = ValueIn(kKinds, word);
  if (!found) throw std::invalid_argument("unknown fault " + word);
  return *found;
}

std::unique_ptr<Communicator> MakeFaulty(Communicator& inner, const Fault& fault) {
  return std::make_unique<FaultyCommunicator>(inner, fault);
}

}  // namespace helio::testing
