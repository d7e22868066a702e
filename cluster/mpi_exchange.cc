#include "cluster/mpi_exchange.h"

#include <algorithm>
#include <cstring>

#include "cluster/reduce_kernels.h"
#include "src/base/rows.h"

namespace helio::cluster {
namespace {

constexpr size_t kLanes = 4;  // chunks of one operation in the network together

}  // namespace

int64_t ExchangeLayout::chunks() const { return elements == 0 ? 0 : (elements + chunk - 1) / chunk; }

ExchangeLayout::Slice ExchangeLayout::At(int64_t index, int rank) const {
  if (cut == Cut::kWithinChunks) {
    const int64_t begin = index * chunk;
    const auto rows = SplitRows(std::min(chunk, elements - begin), rank, ranks);
    return {whole + (begin + rows.first) * element_size, rows.local};
  }
  const int64_t per_rank = elements / ranks, step = chunk / ranks;
  const int64_t begin = index * step;
  return {whole + (rank * per_rank + begin) * element_size, std::min(step, per_rank - begin)};
}

char* ExchangeLayout::PartAt(int64_t index, int rank) const {
  return part ? part + index * (chunk / ranks) * element_size : At(index, rank).data;
}

MpiExchange::MpiExchange(std::shared_ptr<MpiEngine> engine, Call call, const ExchangeLayout& layout,
                         const Wanted& wanted, std::vector<torch::Tensor> keep_alive)
    : MpiOperation(std::move(engine), std::move(call)),
      layout_(layout),
      wanted_(wanted),
      keep_alive_(std::move(keep_alive)),
      lanes_(std::min<int64_t>(kLanes, layout.chunks())) {}

bool MpiExchange::Advance() {
  bool busy = false;
  for (auto& lane : lanes_) busy |= AdvanceLane(lane);
  if (!busy) ReturnStaging();
  return !busy;
}

void MpiExchange::ReturnStaging() {
  for (auto& lane : lanes_)
    if (!lane.staging.empty()) engine().ReturnStaging(std::move(lane.staging));
  lanes_.clear();
}

bool MpiExchange::AdvanceLane(Lane& lane) {
  while (true) {
    if (lane.phase == Phase::kIdle) {
      if (next_chunk_ == layout_.chunks()) return false;
      lane.chunk = next_chunk_++;
      BeginChunk(lane);
    }
    if (!Completed(lane.requests)) return true;
    if (lane.phase == Phase::kReduce) {
      AddUp(lane);
      if (wanted_.gathers()) {
        SendResult(lane);
        continue;
      }
    }
    lane.phase = Phase::kIdle;
  }
}

void MpiExchange::BeginChunk(Lane& lane) {
  if (wanted_.reduces()) return SendSlices(lane);
  const auto own = layout_.At(lane.chunk, wanted_.group->rank);
  if (const char* source = layout_.PartAt(lane.chunk, wanted_.group->rank); source != own.data)
    std::memcpy(own.data, source, own.elements * layout_.element_size);
  SendResult(lane);
}

void MpiExchange::SendSlices(Lane& lane) {
  lane.phase = Phase::kReduce;
  const auto own = layout_.At(lane.chunk, wanted_.group->rank);
  const int64_t bytes = BytesOf(own);
  if (lane.staging.empty()) lane.staging = engine().TakeStaging(bytes * layout_.ranks);
  for (int step = 1; step < layout_.ranks; ++step) {
    const int from = wanted_.group->Before(step);
    Receive(lane, from, {lane.staging.data() + from * bytes, own.elements});
  }
  for (int step = 1; step < layout_.ranks; ++step) {
    const int to = wanted_.group->After(step);
    Send(lane, to, layout_.At(lane.chunk, to));
  }
}

void MpiExchange::AddUp(Lane& lane) {
  const auto own = layout_.At(lane.chunk, wanted_.group->rank);
  const int64_t bytes = own.elements * layout_.element_size;
  std::vector<const void*> parts;
  for (int rank = 0; rank < layout_.ranks; ++rank)
    parts.push_back(rank == wanted_.group->rank ? own.data : lane.staging.data() + rank * bytes);
  ReduceParts(layout_.PartAt(lane.chunk, wanted_.group->rank), parts, own.elements, wanted_.dtype,
              wanted_.op);
}

void MpiExchange::SendResult(Lane& lane) {
  lane.phase = Phase::kGather;
  const auto own = layout_.At(lane.chunk, wanted_.group->rank);
  for (int step = 1; step < layout_.ranks; ++step) {
    const int from = wanted_.group->Before(step);
    Receive(lane, from, layout_.At(lane.chunk, from));
  }
  for (int step = 1; step < layout_.ranks; ++step) Send(lane, wanted_.group->After(step), own);
}

// A chunk has two: for the slices that are reduced, and for what came of them.
int MpiExchange::TagOf(const Lane& lane) const {
  return wanted_.tag + static_cast<int>(lane.chunk * 2) + (lane.phase == Phase::kGather ? 1 : 0);
}

void MpiExchange::Send(Lane& lane, int member, const ExchangeLayout::Slice& slice) {
  if (slice.elements == 0) return;
  CheckMpi(MPI_Isend(slice.data, BytesOf(slice), MPI_BYTE, wanted_.group->PeerAt(member), TagOf(lane),
                     MPI_COMM_WORLD, &lane.requests.emplace_back(MPI_REQUEST_NULL)),
           "exchange");
}

void MpiExchange::Receive(Lane& lane, int member, const ExchangeLayout::Slice& slice) {
  if (slice.elements == 0) return;
  CheckMpi(MPI_Irecv(slice.data, BytesOf(slice), MPI_BYTE, wanted_.group->PeerAt(member), TagOf(lane),
                     MPI_COMM_WORLD, &lane.requests.emplace_back(MPI_REQUEST_NULL)),
           "exchange");
}

}  // namespace helio::cluster
