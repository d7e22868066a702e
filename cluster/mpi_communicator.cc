#include "cluster/mpi_communicator.h"

#include <algorithm>
#include <numeric>

#include "cluster/mpi_chain.h"
#include "cluster/mpi_exchange.h"
#include "cluster/mpi_small_reduce.h"
#include "cluster/mpi_tree.h"
#include "cluster/sub_world.h"
#include "cluster/tag_space.h"

namespace helio::cluster {
namespace {

constexpr int64_t kChunkBytes = 2 << 20;    // short enough that a small message is not held up by an addition
constexpr int64_t kSliceBytes = 128 << 10;  // but many ranks still get slices worth a message
constexpr int64_t kSmallBytes = 32 << 10;
constexpr int kSmallRanks = 16;

MpiGroupPtr GroupOf(const std::vector<int>& members, int own) {
  const auto at = std::find(members.begin(), members.end(), own);
  return std::make_shared<MpiGroup>(MpiGroup{static_cast<int>(at - members.begin()), members});
}

class MpiCommunicator : public Communicator {
 public:
  MpiCommunicator(std::shared_ptr<MpiEngine> engine, MpiGroupPtr group, int slot, const World& world,
                  std::string name, std::shared_ptr<JobState> job)
      : Communicator(world, std::move(name), std::move(job), engine->NextCommunicatorId()),
        engine_(std::move(engine)),
        everybody_(std::move(group)),
        slot_(slot),
        tags_(engine_->tags(), slot) {}

  ~MpiCommunicator() override { engine_->ReleaseSlot(slot_, id()); }

  // Collective: the ranks of a host, and those with our local rank on all hosts.
  void UseTwoLevels() {
    within_ = SameAs(world().host, "hosts");
    across_ = SameAs(world().local_rank, "local ranks");
  }

  void Abort(std::string_view cause, int exit_code) noexcept override { engine_->Abort(cause, exit_code); }

 protected:
  Pending DoAllReduce(const Call& call, torch::Tensor buffer, Reduce op) override {
    const auto bytes = static_cast<int64_t>(buffer.nbytes());
    if (bytes <= kSmallBytes && size() <= kSmallRanks) return Run(Small(call, buffer, op));
    if (within_) return TwoLevels(call, buffer, op);
    return Run(Exchange(Collective::kAllReduce, call, Layout(buffer, everybody_, Cut::kWithinChunks),
                        everybody_, buffer, {}, op));
  }

  Pending DoReduceScatter(const Call& call, torch::Tensor whole, torch::Tensor part, Reduce op) override {
    auto layout = Layout(whole, everybody_, Cut::kRankMajor);
    layout.part = static_cast<char*>(part.mutable_data_ptr());
    return Run(Exchange(Collective::kReduceScatter, call, layout, everybody_, whole, part, op));
  }

  Pending DoAllGather(const Call& call, torch::Tensor part, torch::Tensor whole) override {
    auto layout = Layout(whole, everybody_, Cut::kRankMajor);
    layout.part = static_cast<char*>(part.mutable_data_ptr());
    return Run(Exchange(Collective::kAllGather, call, layout, everybody_, whole, part, Reduce::kSum));
  }

  Pending DoBroadcast(const Call& call, torch::Tensor buffer, int root) override {
    return Run(std::make_shared<MpiBroadcast>(engine_, call, buffer, everybody_, root, tags_.Reserve(1)));
  }

  void DoBarrier(const Call& call) override {
    Run(std::make_shared<MpiBarrier>(engine_, call, everybody_, tags_.Reserve(1))).Wait();
  }

  std::unique_ptr<Communicator> DoSplit(const Call& call, int color, std::string name) override {
    const auto colors = GatherScalars(*this, color, "split " + name);
    const auto hosts = GatherScalars(*this, world().host, "split " + name);
    std::vector<uint32_t> taken;
    for (const double mask : GatherScalars(*this, engine_->slots(), "split " + name))
      taken.push_back(static_cast<uint32_t>(mask));
    DoBarrier(call);  // calls of the new communicator come after the parent's on every rank
    const auto members = MembersOf({colors.begin(), colors.end()}, color);
    std::vector<uint32_t> taken_by_them;
    for (const int member : members) taken_by_them.push_back(taken[static_cast<size_t>(member)]);
    const int slot = engine_->ReserveSlot(taken_by_them);
    return std::make_unique<MpiCommunicator>(
        engine_, SubGroup(members), slot,
        SubWorld(world(), {colors.begin(), colors.end()}, {hosts.begin(), hosts.end()}), std::move(name),
        share_job());
  }

 private:
  Pending Run(const std::shared_ptr<MpiOperation>& operation) {
    engine_->Start(operation);
    return Pending(operation);
  }

  static ExchangeLayout Layout(const torch::Tensor& whole, const MpiGroupPtr& group, Cut cut) {
    ExchangeLayout layout;
    layout.whole = static_cast<char*>(whole.mutable_data_ptr());
    layout.elements = whole.numel();
    layout.element_size = static_cast<int64_t>(whole.element_size());
    layout.cut = cut;
    layout.ranks = group->size();
    layout.chunk =
        std::max(kChunkBytes, kSliceBytes * layout.ranks) / layout.element_size / layout.ranks * layout.ranks;
    return layout;
  }

  // Of our ranks, this one among them.
  MpiGroupPtr SubGroup(const std::vector<int>& ranks) const {
    std::vector<int> peers;
    for (const int member : ranks) peers.push_back(everybody_->PeerAt(member));
    return GroupOf(peers, everybody_->PeerAt(rank()));
  }

  // The ranks whose value is ours. Collective.
  MpiGroupPtr SameAs(int own, const char* label) {
    const auto values = GatherScalars(*this, own, label);
    return SubGroup(MembersOf({values.begin(), values.end()}, own));
  }

  // Tags are reserved in call order, so all ranks agree on them.
  std::shared_ptr<MpiOperation> Small(const Call& call, const torch::Tensor& buffer, Reduce op) {
    return std::make_shared<MpiSmallReduce>(engine_, call, buffer, op, everybody_, tags_.Reserve(1));
  }

  std::shared_ptr<MpiOperation> Exchange(Collective collective, const Call& call,
                                         const ExchangeLayout& layout, const MpiGroupPtr& group,
                                         const torch::Tensor& whole, const torch::Tensor& part, Reduce op) {
    const MpiExchange::Wanted wanted{collective, whole.scalar_type(), op, group,
                                     tags_.Reserve(2 * layout.chunks())};
    return std::make_shared<MpiExchange>(engine_, call, layout, wanted,
                                         std::vector<torch::Tensor>{whole, part});
  }

  // A mean is a mean of means, since all hosts have equally many ranks.
  Pending TwoLevels(const Call& call, const torch::Tensor& buffer, Reduce op) {
    const auto flat = buffer.as_strided({buffer.numel()}, {1});
    const int64_t part = flat.numel() / within_->size(), even = part * within_->size();
    const auto main = flat.slice(0, 0, even),
               own = main.slice(0, within_->rank * part, (within_->rank + 1) * part);
    std::vector<std::shared_ptr<MpiOperation>> stages;
    stages.push_back(Exchange(Collective::kReduceScatter, call, Layout(main, within_, Cut::kRankMajor),
                              within_, main, {}, op));
    stages.push_back(Exchange(Collective::kAllReduce, call, Layout(own, across_, Cut::kWithinChunks), across_,
                              own, {}, op));
    stages.push_back(Exchange(Collective::kAllGather, call, Layout(main, within_, Cut::kRankMajor), within_,
                              main, {}, op));
    const auto rest = even < flat.numel() ? Small(call, flat.slice(0, even), op) : nullptr;
    return Run(std::make_shared<MpiChain>(engine_, call, std::move(stages), rest));
  }

  std::shared_ptr<MpiEngine> engine_;
  MpiGroupPtr everybody_;
  MpiGroupPtr within_, across_;  // two-level only
  int slot_;
  TagCounter tags_;
};

std::unique_ptr<MpiCommunicator> OfAllRanks(std::shared_ptr<MpiEngine> engine, const World& world,
                                            std::string name, std::shared_ptr<JobState> job) {
  std::vector<int> all(static_cast<size_t>(world.size));
  std::iota(all.begin(), all.end(), 0);
  const int slot = engine->ReserveSlot({engine->slots()});
  return std::make_unique<MpiCommunicator>(std::move(engine), GroupOf(all, world.rank), slot, world,
                                           std::move(name), std::move(job));
}

}  // namespace

std::unique_ptr<Communicator> MakeMpiCommunicator(std::shared_ptr<MpiEngine> engine, const World& world,
                                                  std::string name, std::shared_ptr<JobState> job) {
  return OfAllRanks(std::move(engine), world, std::move(name), std::move(job));
}

std::unique_ptr<Communicator> MakeTwoLevelCommunicator(std::shared_ptr<MpiEngine> engine, const World& world,
                                                       std::string name, std::shared_ptr<JobState> job) {
  auto made = OfAllRanks(std::move(engine), world, std::move(name), std::move(job));
  made->UseTwoLevels();
  return made;
}

}  // namespace helio::cluster
