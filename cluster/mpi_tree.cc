#include "cluster/mpi_tree.h"

#include <algorithm>

namespace helio::cluster {
namespace {

constexpr int64_t kPieceBytes = 1 << 20;

}  // namespace

MpiBroadcast::MpiBroadcast(std::shared_ptr<MpiEngine> engine, Call call, torch::Tensor buffer,
                           MpiGroupPtr group, int root, int tag)
    : MpiOperation(std::move(engine), std::move(call)),
      buffer_(std::move(buffer)),
      group_(std::move(group)),
      tag_(tag) {
  const int size = group_->size(), relative = (group_->rank - root + size) % size;
  int bit = 1;
  for (; bit < size; bit <<= 1)
    if (relative & bit) {
      parent_ = (relative - bit + root) % size;
      break;
    }
  for (bit >>= 1; bit > 0; bit >>= 1)
    if (relative + bit < size) children_.push_back((relative + bit + root) % size);
}

bool MpiBroadcast::Advance() {
  while (sent_ < static_cast<int64_t>(buffer_.nbytes())) {
    if (!ReceivePiece()) return false;
    SendPiece();
  }
  return Completed(sends_);
}

bool MpiBroadcast::ReceivePiece() {
  if (parent_ < 0) return true;
  if (!receiving_) {
    const auto bytes = std::min<int64_t>(kPieceBytes, static_cast<int64_t>(buffer_.nbytes()) - sent_);
    CheckMpi(
        MPI_Irecv(static_cast<char*>(buffer_.mutable_data_ptr()) + sent_, static_cast<int>(bytes), MPI_BYTE,
                  group_->PeerAt(parent_), tag_, MPI_COMM_WORLD, &receive_.emplace_back(MPI_REQUEST_NULL)),
        "broadcast");
    receiving_ = true;
  }
  receiving_ = !Completed(receive_);
  return !receiving_;
}

void MpiBroadcast::SendPiece() {
  const auto bytes = std::min<int64_t>(kPieceBytes, static_cast<int64_t>(buffer_.nbytes()) - sent_);
  for (const int child : children_)
    CheckMpi(MPI_Isend(static_cast<const char*>(buffer_.const_data_ptr()) + sent_, static_cast<int>(bytes),
                       MPI_BYTE, group_->PeerAt(child), tag_, MPI_COMM_WORLD,
                       &sends_.emplace_back(MPI_REQUEST_NULL)),
             "broadcast");
  sent_ += bytes;
}

MpiBarrier::MpiBarrier(std::shared_ptr<MpiEngine> engine, Call call, MpiGroupPtr group, int tag)
    : MpiOperation(std::move(engine), std::move(call)), group_(std::move(group)), tag_(tag) {}

bool MpiBarrier::Advance() {
  while (Completed(requests_)) {
    if (distance_ >= group_->size()) return true;
    const int to = group_->PeerAt(group_->After(distance_)), from = group_->PeerAt(group_->Before(distance_));
    CheckMpi(MPI_Irecv(&token_[0], 1, MPI_BYTE, from, tag_, MPI_COMM_WORLD,
                       &requests_.emplace_back(MPI_REQUEST_NULL)),
             "barrier");
    CheckMpi(MPI_Isend(&token_[1], 1, MPI_BYTE, to, tag_, MPI_COMM_WORLD,
                       &requests_.emplace_back(MPI_REQUEST_NULL)),
             "barrier");
    distance_ *= 2;
  }
  return false;
}

}  // namespace helio::cluster
