#include "cluster/mpi_communicator.h"

#include <algorithm>

#include "cluster/mpi_exchange.h"
#include "cluster/mpi_tree.h"
#include "cluster/sub_world.h"

namespace helio::cluster {
namespace {

constexpr int64_t kChunkBytes = 2 << 20;    // short enough that a small message is not held up by an addition
constexpr int64_t kSliceBytes = 128 << 10;  // but many ranks still get slices worth a message
constexpr int64_t kSmallBytes = 32 << 10;
constexpr int kSmallRanks = 16;
constexpr int kTags = 1 << 28;

class MpiCommunicator : public Communicator {
 public:
  MpiCommunicator(std::shared_ptr<MpiEngine> engine, MPI_Comm communicator, const World& world,
                  std::string name, std::shared_ptr<JobState> job)
      : Communicator(world, std::move(name), std::move(job)),
        engine_(std::move(engine)),
        communicator_(communicator),
        id_(engine_->NextCommunicatorId()) {}

  void Abort(std::string_view cause, int exit_code) noexcept override {
    engine_->End("rank " + std::to_string(rank()) + " failed: " + std::string(cause), exit_code);
  }

 protected:
  Pending DoAllReduce(const Call& call, torch::Tensor buffer, Reduce op) override {
    const auto bytes = static_cast<int64_t>(buffer.nbytes());
    if (bytes <= kSmallBytes && size() <= kSmallRanks)
      return Run(std::make_shared<MpiSmallReduce>(engine_, call, name(), id_, buffer,
                                                  Wanted(buffer, op, true, true, 1), size()));
    auto layout = Layout(buffer);
    layout.interleaved = true;
    return Exchange(call, layout, buffer, {}, op, true, true);
  }

  Pending DoReduceScatter(const Call& call, torch::Tensor whole, torch::Tensor part, Reduce op) override {
    auto layout = Layout(whole);
    layout.part = static_cast<char*>(part.mutable_data_ptr());
    return Exchange(call, layout, whole, part, op, true, false);
  }

  Pending DoAllGather(const Call& call, torch::Tensor part, torch::Tensor whole) override {
    auto layout = Layout(whole);
    layout.part = static_cast<char*>(part.mutable_data_ptr());
    return Exchange(call, layout, whole, part, Reduce::kSum, false, true);
  }

  Pending DoBroadcast(const Call& call, torch::Tensor buffer, int root) override {
    return Run(std::make_shared<MpiBroadcast>(engine_, call, name(), id_, buffer, communicator_, world(),
                                              root, ReserveTags(1)));
  }

  void DoBarrier(const Call& call) override {
    Run(std::make_shared<MpiBarrier>(engine_, call, name(), id_, communicator_, world(), ReserveTags(1)))
        .Wait();
  }

  std::unique_ptr<Communicator> DoSplit(const Call& call, int color, std::string name) override {
    const auto colors = GatherScalars(*this, color, "split " + name);
    const auto nodes = GatherScalars(*this, world().node, "split " + name);
    // MPI offers no non-blocking split: enter it only when all ranks are about to.
    DoBarrier(call);
    MPI_Comm made;
    engine_->Exclusively(
        [&] { CheckMpi(MPI_Comm_split(communicator_, color, rank(), &made), "MPI_Comm_split"); });
    return MakeMpiCommunicator(
        engine_, made, SubWorld(world(), {colors.begin(), colors.end()}, {nodes.begin(), nodes.end()}),
        std::move(name), share_job());
  }

 private:
  Pending Run(const std::shared_ptr<MpiOperation>& operation) {
    engine_->Start(operation);
    return Pending(operation);
  }

  ExchangeLayout Layout(const torch::Tensor& whole) const {
    ExchangeLayout layout;
    layout.whole = static_cast<char*>(whole.mutable_data_ptr());
    layout.elements = whole.numel();
    layout.element_size = static_cast<int64_t>(whole.element_size());
    layout.ranks = size();
    layout.chunk = std::max(kChunkBytes, kSliceBytes * size()) / layout.element_size / size() * size();
    return layout;
  }

  // Tags are reserved in call order, so all ranks agree on them.
  int ReserveTags(int64_t count) {
    if (next_tag_ + count >= kTags) next_tag_ = 1;
    const int tag = next_tag_;
    next_tag_ += static_cast<int>(std::max<int64_t>(count, 1));
    return tag;
  }

  MpiExchange::Wanted Wanted(const torch::Tensor& whole, Reduce op, bool reduce, bool gather,
                             int64_t chunks) {
    return {reduce, gather, whole.scalar_type(), op, communicator_, rank(), ReserveTags(2 * chunks)};
  }

  Pending Exchange(const Call& call, const ExchangeLayout& layout, const torch::Tensor& whole,
                   const torch::Tensor& part, Reduce op, bool reduce, bool gather) {
    const auto wanted = Wanted(whole, op, reduce, gather, layout.chunks());
    return Run(std::make_shared<MpiExchange>(engine_, call, name(), id_, layout, wanted,
                                             std::vector<torch::Tensor>{whole, part}));
  }

  std::shared_ptr<MpiEngine> engine_;
  MPI_Comm communicator_;
  int id_;
  int next_tag_ = 1;
};

}  // namespace

std::unique_ptr<Communicator> MakeMpiCommunicator(std::shared_ptr<MpiEngine> engine, MPI_Comm communicator,
                                                  const World& world, std::string name,
                                                  std::shared_ptr<JobState> job) {
  MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN);
  return std::make_unique<MpiCommunicator>(std::move(engine), communicator, world, std::move(name),
                                           std::move(job));
}

}  // namespace helio::cluster
