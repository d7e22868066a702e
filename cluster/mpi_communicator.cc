#include "cluster/mpi_communicator.h"

#include <algorithm>

#include "cluster/mpi_chain.h"
#include "cluster/mpi_exchange.h"
#include "cluster/mpi_tree.h"
#include "cluster/sub_world.h"

namespace helio::cluster {
namespace {

constexpr int64_t kChunkBytes = 2 << 20;    // short enough that a small message is not held up by an addition
constexpr int64_t kSliceBytes = 128 << 10;  // but many ranks still get slices worth a message
constexpr int64_t kSmallBytes = 32 << 10;
constexpr int kSmallRanks = 16;

// A group of ranks that a stage of a collective runs in.
struct SubGroup {
  MPI_Comm communicator = MPI_COMM_NULL;
  int rank = 0;
  int size = 1;
};

SubGroup SplitGroup(MPI_Comm parent, int color, int key) {
  SubGroup group;
  CheckMpi(MPI_Comm_split(parent, color, key, &group.communicator), "MPI_Comm_split");
  MPI_Comm_set_errhandler(group.communicator, MPI_ERRORS_RETURN);
  MPI_Comm_rank(group.communicator, &group.rank);
  MPI_Comm_size(group.communicator, &group.size);
  return group;
}

class MpiCommunicator : public Communicator {
 public:
  MpiCommunicator(std::shared_ptr<MpiEngine> engine, MPI_Comm communicator, const World& world,
                  std::string name, std::shared_ptr<JobState> job)
      : Communicator(world, std::move(name), std::move(job)),
        engine_(std::move(engine)),
        communicator_(communicator),
        everybody_{communicator, rank(), size()},
        id_(engine_->NextCommunicatorId()) {}

  ~MpiCommunicator() override {
    for (const auto communicator : {communicator_, within_.communicator, across_.communicator})
      engine_->Discard(communicator, id_);
  }

  // Collective: the ranks of a host, and those with our local rank on all hosts.
  void UseTwoLevels() {
    Barrier("two levels");
    engine_->Exclusively([this] {
      within_ = SplitGroup(communicator_, world().node, rank());
      across_ = SplitGroup(communicator_, world().local_rank, rank());
    });
  }

  void Abort(std::string_view cause, int exit_code) noexcept override {
    engine_->End("rank " + std::to_string(rank()) + " failed: " + std::string(cause), exit_code);
  }

 protected:
  Pending DoAllReduce(const Call& call, torch::Tensor buffer, Reduce op) override {
    const auto bytes = static_cast<int64_t>(buffer.nbytes());
    if (bytes <= kSmallBytes && size() <= kSmallRanks) return Run(Small(call, buffer, op));
    if (within_.size > 1) return TwoLevels(call, buffer, op);
    return Run(Exchange(call, Layout(buffer, everybody_, true), everybody_, buffer, {}, op, true, true));
  }

  Pending DoReduceScatter(const Call& call, torch::Tensor whole, torch::Tensor part, Reduce op) override {
    auto layout = Layout(whole, everybody_, false);
    layout.part = static_cast<char*>(part.mutable_data_ptr());
    return Run(Exchange(call, layout, everybody_, whole, part, op, true, false));
  }

  Pending DoAllGather(const Call& call, torch::Tensor part, torch::Tensor whole) override {
    auto layout = Layout(whole, everybody_, false);
    layout.part = static_cast<char*>(part.mutable_data_ptr());
    return Run(Exchange(call, layout, everybody_, whole, part, Reduce::kSum, false, true));
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

  // `interleaved`: as an all-reduce cuts it; else one part a rank, in rank order.
  static ExchangeLayout Layout(const torch::Tensor& whole, const SubGroup& group, bool interleaved) {
    ExchangeLayout layout;
    layout.whole = static_cast<char*>(whole.mutable_data_ptr());
    layout.elements = whole.numel();
    layout.element_size = static_cast<int64_t>(whole.element_size());
    layout.interleaved = interleaved;
    layout.ranks = group.size;
    layout.chunk =
        std::max(kChunkBytes, kSliceBytes * group.size) / layout.element_size / group.size * group.size;
    return layout;
  }

  // Tags are reserved in call order, so all ranks agree on them.
  int ReserveTags(int64_t count) {
    if (next_tag_ + count >= engine_->tag_limit()) next_tag_ = 1;
    const int tag = next_tag_;
    next_tag_ += static_cast<int>(std::max<int64_t>(count, 1));
    return tag;
  }

  std::shared_ptr<MpiOperation> Small(const Call& call, const torch::Tensor& buffer, Reduce op) {
    const MpiExchange::Wanted wanted{true,          true,   buffer.scalar_type(), op,
                                     communicator_, rank(), ReserveTags(1)};
    return std::make_shared<MpiSmallReduce>(engine_, call, name(), id_, buffer, wanted, size());
  }

  std::shared_ptr<MpiOperation> Exchange(const Call& call, const ExchangeLayout& layout,
                                         const SubGroup& group, const torch::Tensor& whole,
                                         const torch::Tensor& part, Reduce op, bool reduce, bool gather) {
    const MpiExchange::Wanted wanted{reduce,
                                     gather,
                                     whole.scalar_type(),
                                     op,
                                     group.communicator,
                                     group.rank,
                                     ReserveTags(2 * layout.chunks())};
    return std::make_shared<MpiExchange>(engine_, call, name(), id_, layout, wanted,
                                         std::vector<torch::Tensor>{whole, part});
  }

  // A mean is a mean of means, since all hosts have equally many ranks.
  Pending TwoLevels(const Call& call, const torch::Tensor& buffer, Reduce op) {
    const auto flat = buffer.as_strided({buffer.numel()}, {1});
    const int64_t part = flat.numel() / within_.size, even = part * within_.size;
    const auto main = flat.slice(0, 0, even),
               own = main.slice(0, within_.rank * part, (within_.rank + 1) * part);
    std::vector<std::shared_ptr<MpiOperation>> stages;
    stages.push_back(Exchange(call, Layout(main, within_, false), within_, main, {}, op, true, false));
    stages.push_back(Exchange(call, Layout(own, across_, true), across_, own, {}, op, true, true));
    stages.push_back(Exchange(call, Layout(main, within_, false), within_, main, {}, op, false, true));
    const auto rest = even < flat.numel() ? Small(call, flat.slice(0, even), op) : nullptr;
    return Run(std::make_shared<MpiChain>(engine_, call, name(), id_, std::move(stages), rest));
  }

  std::shared_ptr<MpiEngine> engine_;
  MPI_Comm communicator_;
  SubGroup everybody_;
  SubGroup within_, across_;  // two-level only
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

std::unique_ptr<Communicator> MakeTwoLevelCommunicator(std::shared_ptr<MpiEngine> engine,
                                                       MPI_Comm communicator, const World& world,
                                                       std::string name, std::shared_ptr<JobState> job) {
  MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN);
  auto made = std::make_unique<MpiCommunicator>(std::move(engine), communicator, world, std::move(name),
                                                std::move(job));
  made->UseTwoLevels();
  return made;
}

}  // namespace helio::cluster
