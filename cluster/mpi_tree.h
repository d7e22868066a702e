#pragma once
#include "cluster/mpi_engine.h"
#include "cluster/mpi_group.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// Broadcast along a binomial tree, piece by piece, so that a rank passes on a piece while the next one comes.
// Point to point on a tag of its own: MPI's non-blocking collectives would have to be posted in one order on
// all ranks, which progress at their own pace here.
class MpiBroadcast : public MpiOperation {
 public:
  MpiBroadcast(std::shared_ptr<MpiEngine> engine, Call call, torch::Tensor buffer, MpiGroupPtr group,
               int root, int tag);
  bool Advance() override;
  bool large() const override { return buffer_.nbytes() > 1 << 16; }

 private:
  bool ReceivePiece();  // true once the current piece is here
  void SendPiece();

  torch::Tensor buffer_;
  MpiGroupPtr group_;
  int tag_;
  int parent_ = -1;
  std::vector<int> children_;
  int64_t sent_ = 0;
  bool receiving_ = false;
  std::vector<MPI_Request> receive_, sends_;
};

// Dissemination barrier (Hensgen, Finkel and Manber 1988): ceil(log2 N) rounds.
class MpiBarrier : public MpiOperation {
 public:
  MpiBarrier(std::shared_ptr<MpiEngine> engine, Call call, MpiGroupPtr group, int tag);
  bool Advance() override;

 private:
  MpiGroupPtr group_;
  int tag_;
  int distance_ = 1;
  char token_[2] = {};
  std::vector<MPI_Request> requests_;
};

}  // namespace helio::cluster
