#include "cluster/nccl_communicator.h"

#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <nccl.h>

#include <cstring>
#include <deque>
#include <thread>

#include "src/base/error.h"
#include "src/base/seconds.h"
#include "src/base/tensor.h"

namespace helio::cluster {
namespace {

void CheckNccl(ncclResult_t result, const char* doing) {
  if (result == ncclSuccess || result == ncclInProgress) return;
  throw Error(ErrorKind::kCluster, std::string("NCCL: ") + ncclGetErrorString(result), doing,
              "NCCL_DEBUG=INFO says more");
}

ncclDataType_t TypeOf(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32:
      return ncclFloat32;
    case torch::kFloat64:
      return ncclFloat64;
    case torch::kBFloat16:
      return ncclBfloat16;
    case torch::kHalf:
      return ncclFloat16;
    case torch::kInt32:
      return ncclInt32;
    case torch::kInt64:
      return ncclInt64;
    case torch::kUInt8:
      return ncclUint8;
    default:
      LOG(FATAL) << "NCCL does not carry " << tensor.scalar_type();
  }
}

ncclRedOp_t OpOf(Reduce op) { return op == Reduce::kSum ? ncclSum : op == Reduce::kMean ? ncclAvg : ncclMax; }

// One NCCL communicator and its stream. Shared with the operations, so that it outlives them.
struct Channel {
  ncclComm_t communicator = nullptr;
  c10::cuda::CUDAStream stream;
  std::mutex mutex;       // NCCL calls of the owner and of the watch
  bool deserted = false;  // its communicator is gone

  explicit Channel(torch::Device device)
      : stream(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device.index())) {}
  // Abort, unlike destroy, waits for nobody.
  ~Channel() {
    if (communicator) ncclCommAbort(communicator);
  }

  // The present moment in the work of the stream.
  Moment Now() const {
    const c10::cuda::CUDAStreamGuard on_stream(stream);
    return Moment::On(stream.device());
  }

  // In order: what is under way is done on all ranks. Collective.
  void Close(Clock::time_point deadline) {
    std::lock_guard lock(mutex);
    CheckNccl(ncclCommFinalize(communicator), "NCCL end");
    Settle("NCCL end", deadline);
    CheckNccl(ncclCommDestroy(communicator), "NCCL end");
    communicator = nullptr;
  }

  // A non-blocking communicator answers "in progress" until it has done its part on the host.
  void Settle(const char* doing, Clock::time_point deadline) {
    ncclResult_t state = ncclInProgress;
    while (true) {
      CheckNccl(ncclCommGetAsyncError(communicator, &state), doing);
      CheckNccl(state, doing);
      if (state != ncclInProgress) return;
      if (Clock::now() > deadline)
        throw Error(ErrorKind::kCluster, "NCCL made no progress before the deadline", doing, "");
      std::this_thread::yield();
    }
  }
};

// The channels of this process in the order in which they were made, which is the same on all ranks. One
// whose communicator is gone waits here for a point that all ranks come to: NCCL wants them ended together,
// and in one order.
class Channels {
 public:
  void Add(std::shared_ptr<Channel> channel) { channels_.push_back(std::move(channel)); }
  // Collective.
  void Close(bool all, Clock::time_point deadline) {
    for (const auto& channel : channels_)
      if ((all || channel->deserted) && channel->communicator) channel->Close(deadline);
    std::erase_if(channels_, [](const auto& channel) { return !channel->communicator; });
  }

 private:
  std::vector<std::shared_ptr<Channel>> channels_;
};

class NcclOperation : public Operation {
 public:
  // The collective is what the channel's stream holds since `begin`.
  NcclOperation(std::shared_ptr<Channel> channel, std::vector<torch::Tensor> tensors, Moment begin,
                Clock::time_point deadline)
      : channel_(std::move(channel)),
        tensors_(std::move(tensors)),
        under_way_{std::move(begin), channel_->Now()},
        started_(Clock::now()),
        deadline_(deadline) {
    done_.record(channel_->stream);
  }

  void Wait() override { done_.block(c10::cuda::getCurrentCUDAStream(channel_->stream.device_index())); }
  bool Done() override {
    std::lock_guard lock(mutex_);
    if (!finished_ && done_.query()) {
      finished_ = true;
      tensors_.clear();
    }
    return finished_;
  }
  Interval under_way() const override { return under_way_; }
  Clock::time_point deadline() const { return deadline_; }
  void Extend(const MpiEngine& engine) { deadline_ = engine.Extended(started_, deadline_); }

 private:
  std::shared_ptr<Channel> channel_;
  std::mutex mutex_;  // the watch asks, too
  at::cuda::CUDAEvent done_;
  std::vector<torch::Tensor> tensors_;
  Interval under_way_;
  Clock::time_point started_, deadline_;
  bool finished_ = false;
};

// What the engine's watch looks at; it goes when the communicator goes.
struct Outstanding {
  struct Item {
    std::shared_ptr<NcclOperation> operation;
    Call call;
  };
  std::mutex mutex;
  std::deque<Item> items;  // in order; the stream finishes them in order
  std::string name;
};

bool CheckOutstanding(Channel& channel, Outstanding& outstanding, MpiEngine& engine) {
  std::lock_guard lock(outstanding.mutex);
  while (!outstanding.items.empty() && outstanding.items.front().operation->Done())
    outstanding.items.pop_front();
  for (const auto& item : outstanding.items) item.operation->Extend(engine);
  if (!outstanding.items.empty() && Clock::now() > outstanding.items.front().operation->deadline())
    engine.ReportExpired(outstanding.items.front().call);
  ncclResult_t state = ncclSuccess;
  if (std::unique_lock nccl(channel.mutex, std::try_to_lock); nccl && channel.communicator) {
    CheckNccl(ncclCommGetAsyncError(channel.communicator, &state), "watch");
    CheckNccl(state, outstanding.name.c_str());
  }
  return true;
}

class NcclCommunicator : public Communicator {
 public:
  NcclCommunicator(std::unique_ptr<Communicator> host, std::shared_ptr<MpiEngine> engine,
                   std::shared_ptr<JobState> job, std::shared_ptr<Channels> channels)
      : Communicator(host->world(), host->name(), std::move(job), engine->NextCommunicatorId()),
        host_(std::move(host)),
        engine_(std::move(engine)),
        channels_(std::move(channels)),
        channel_(std::make_shared<Channel>(world().device)),
        outstanding_(std::make_shared<Outstanding>()) {
    outstanding_->name = name();
    channels_->Close(/*all=*/false, Deadline());
    Connect();
    channels_->Add(channel_);
    std::weak_ptr<Outstanding> watched = outstanding_;
    engine_->AddWatch([watched, channel = std::weak_ptr(channel_), engine = engine_.get()] {
      const auto held = watched.lock();
      const auto line = channel.lock();
      return held && line && CheckOutstanding(*line, *held, *engine);
    });
  }

  ~NcclCommunicator() override { channel_->deserted = true; }

  void Abort(std::string_view cause, int exit_code) noexcept override { host_->Abort(cause, exit_code); }
  void End() { channels_->Close(/*all=*/true, Deadline()); }

 protected:
  Pending DoAllReduce(const Call& call, torch::Tensor buffer, Reduce op) override {
    if (buffer.is_cpu()) return host_->AllReduce(buffer, op, call.label);
    return Launch(call, {buffer}, [&](ncclComm_t communicator, cudaStream_t stream) {
      return ncclAllReduce(buffer.const_data_ptr(), buffer.mutable_data_ptr(), buffer.numel(), TypeOf(buffer),
                           OpOf(op), communicator, stream);
    });
  }
  Pending DoReduceScatter(const Call& call, torch::Tensor whole, torch::Tensor part, Reduce op) override {
    if (whole.is_cpu()) return host_->ReduceScatter(whole, part, op, call.label);
    return Launch(call, {whole, part}, [&](ncclComm_t communicator, cudaStream_t stream) {
      return ncclReduceScatter(whole.const_data_ptr(), part.mutable_data_ptr(), part.numel(), TypeOf(part),
                               OpOf(op), communicator, stream);
    });
  }
  Pending DoAllGather(const Call& call, torch::Tensor part, torch::Tensor whole) override {
    if (whole.is_cpu()) return host_->AllGather(part, whole, call.label);
    return Launch(call, {part, whole}, [&](ncclComm_t communicator, cudaStream_t stream) {
      return ncclAllGather(part.const_data_ptr(), whole.mutable_data_ptr(), part.numel(), TypeOf(part),
                           communicator, stream);
    });
  }
  Pending DoBroadcast(const Call& call, torch::Tensor buffer, int root) override {
    if (buffer.is_cpu()) return host_->Broadcast(buffer, root, call.label);
    return Launch(call, {buffer}, [&](ncclComm_t communicator, cudaStream_t stream) {
      return ncclBroadcast(buffer.const_data_ptr(), buffer.mutable_data_ptr(), buffer.numel(), TypeOf(buffer),
                           root, communicator, stream);
    });
  }
  void DoBarrier(const Call& call) override { host_->Barrier(call.label); }
  std::unique_ptr<Communicator> DoSplit(const Call&, int color, std::string name) override {
    return std::make_unique<NcclCommunicator>(host_->Split(color, std::move(name)), engine_, share_job(),
                                              channels_);
  }

 private:
  Clock::time_point Deadline() { return Clock::now() + FromSeconds(job().deadline_seconds()); }

  void Connect() {
    c10::cuda::CUDAGuard on_device(world().device);
    ncclUniqueId id;
    if (rank() == 0) CheckNccl(ncclGetUniqueId(&id), "NCCL start-up");
    auto bytes = torch::empty({static_cast<int64_t>(sizeof id)}, torch::kUInt8);
    if (rank() == 0) std::memcpy(bytes.mutable_data_ptr(), &id, sizeof id);
    host_->Broadcast(bytes, 0, "NCCL id").Wait();
    std::memcpy(&id, bytes.const_data_ptr(), sizeof id);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    config.commName = name().c_str();
    CheckNccl(ncclCommInitRankConfig(&channel_->communicator, size(), id, rank(), &config), "NCCL start-up");
    channel_->Settle("NCCL start-up", Deadline());
  }

  template <typename Function>
  Pending Launch(const Call& call, std::vector<torch::Tensor> tensors, const Function& function) {
    const auto device = world().device.index();
    c10::cuda::CUDAGuard on_device(device);
    at::cuda::CUDAEvent ready;
    ready.record(c10::cuda::getCurrentCUDAStream(device));
    ready.block(channel_->stream);
    auto begin = channel_->Now();
    {
      std::lock_guard lock(channel_->mutex);
      CheckNccl(function(channel_->communicator, channel_->stream.stream()), call.kind.data());
      channel_->Settle(call.kind.data(), Deadline());
    }
    for (const auto& tensor : tensors) tensor.record_stream(channel_->stream);
    auto operation =
        std::make_shared<NcclOperation>(channel_, std::move(tensors), std::move(begin), Deadline());
    engine_->Note(call);
    std::lock_guard lock(outstanding_->mutex);
    outstanding_->items.push_back({operation, call});
    return Pending(operation);
  }

  std::unique_ptr<Communicator> host_;
  std::shared_ptr<MpiEngine> engine_;
  std::shared_ptr<Channels> channels_;
  std::shared_ptr<Channel> channel_;
  std::shared_ptr<Outstanding> outstanding_;
};

}  // namespace

std::unique_ptr<Communicator> MakeNcclCommunicator(std::unique_ptr<Communicator> host,
                                                   std::shared_ptr<MpiEngine> engine) {
  auto job = host->share_job();
  return std::make_unique<NcclCommunicator>(std::move(host), std::move(engine), std::move(job),
                                            std::make_shared<Channels>());
}

void EndNccl(Communicator& communicator) {
  if (auto* nccl = dynamic_cast<NcclCommunicator*>(&communicator)) nccl->End();
}

}  // namespace helio::cluster
