#include "cluster/mpi_small_reduce.h"

#include "cluster/reduce_kernels.h"

namespace helio::cluster {

MpiSmallReduce::MpiSmallReduce(std::shared_ptr<MpiEngine> engine, Call call, torch::Tensor buffer, Reduce op,
                               MpiGroupPtr group, int tag)
    : MpiOperation(std::move(engine), std::move(call)),
      buffer_(std::move(buffer)),
      op_(op),
      group_(std::move(group)),
      tag_(tag) {}

void MpiSmallReduce::Begin() {
  begun_ = true;
  const int ranks = group_->size();
  const auto bytes = static_cast<int>(buffer_.nbytes());
  staging_.resize(static_cast<size_t>(bytes) * ranks);
  requests_.reserve(2 * ranks);
  for (int step = 1; step < ranks; ++step) {
    const int from = group_->Before(step);
    CheckMpi(MPI_Irecv(staging_.data() + static_cast<int64_t>(from) * bytes, bytes, MPI_BYTE,
                       group_->PeerAt(from), tag_, MPI_COMM_WORLD, &requests_.emplace_back(MPI_REQUEST_NULL)),
             "small all-reduce");
  }
  for (int step = 1; step < ranks; ++step)
    CheckMpi(MPI_Isend(buffer_.const_data_ptr(), bytes, MPI_BYTE, group_->PeerAt(group_->After(step)), tag_,
                       MPI_COMM_WORLD, &requests_.emplace_back(MPI_REQUEST_NULL)),
             "small all-reduce");
}

bool MpiSmallReduce::Advance() {
  if (!begun_) Begin();
  if (!Completed(requests_)) return false;
  AddUp();
  return true;
}

void MpiSmallReduce::AddUp() {
  std::vector<const void*> parts;
  for (int rank = 0; rank < group_->size(); ++rank)
    parts.push_back(rank == group_->rank ? buffer_.const_data_ptr()
                                         : staging_.data() + rank * buffer_.nbytes());
  ReduceParts(buffer_.mutable_data_ptr(), parts, buffer_.numel(), buffer_.scalar_type(), op_);
}

}  // namespace helio::cluster
