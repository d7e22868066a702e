#include "cluster/mpi_tree.h"

#include <algorithm>

namespace helio::cluster {
namespace {

constexpr int64_t kPieceBytes = 1 << 20;

}  // namespace

MpiBroadcast::MpiBroadcast(std::shared_ptr<MpiEngine> engine, Call call, std::string name, int id,
                           torch::Tensor buffer, MPI_Comm communicator, const World& world, int root, int tag)
    : MpiOperation(std::move(engine), std::move(call), std::move(name), id),
      buffer_(std::move(buffer)),
      communicator_(communicator),
      tag_(tag) {
  const int relative = (world.rank - root + world.size) % world.size;
  int bit = 1;
  for (; bit < world.size; bit <<= 1)
    if (relative & bit) {
      parent_ = (relative - bit + root) % world.size;
      break;
    }
  for (bit >>= 1; bit > 0; bit >>= 1)
    if (relative + bit < world.size) children_.push_back((relative + bit + root) % world.size);
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
    CheckMpi(MPI_Irecv(static_cast<char*>(buffer_.mutable_data_ptr()) + sent_, static_cast<int>(bytes),
                       MPI_BYTE, parent_, tag_, communicator_, &receive_.emplace_back(MPI_REQUEST_NULL)),
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
                       MPI_BYTE, child, tag_, communicator_, &sends_.emplace_back(MPI_REQUEST_NULL)),
             "broadcast");
  sent_ += bytes;
}

MpiBarrier::MpiBarrier(std::shared_ptr<MpiEngine> engine, Call call, std::string name, int id,
                       MPI_Comm communicator, const World& world, int tag)
    : MpiOperation(std::move(engine), std::move(call), std::move(name), id),
      communicator_(communicator),
      rank_(world.rank),
      size_(world.size),
      tag_(tag) {}

bool MpiBarrier::Advance() {
  while (Completed(requests_)) {
    if (distance_ >= size_) return true;
    const int to = (rank_ + distance_) % size_, from = (rank_ - distance_ + size_) % size_;
    CheckMpi(MPI_Irecv(&token_[0], 1, MPI_BYTE, from, tag_, communicator_,
                       &requests_.emplace_back(MPI_REQUEST_NULL)),
             "barrier");
    CheckMpi(MPI_Isend(&token_[1], 1, MPI_BYTE, to, tag_, communicator_,
                       &requests_.emplace_back(MPI_REQUEST_NULL)),
             "barrier");
    distance_ *= 2;
  }
  return false;
}

}  // namespace helio::cluster
