#pragma once
#include <vector>

#include "cluster/mpi_engine.h"
#include "cluster/mpi_group.h"
#include "src/base/tensor.h"

namespace helio::cluster {

// All-reduce of a small buffer in one step: everybody sends everything to everybody and adds in rank order.
class MpiSmallReduce : public MpiOperation {
 public:
  // `buffer`: dense, far below 2 GiB. `tag`: of this operation alone.
  MpiSmallReduce(std::shared_ptr<MpiEngine> engine, Call call, torch::Tensor buffer, Reduce op,
                 MpiGroupPtr group, int tag);
  bool Advance() override;

 private:
  void Begin();
  void AddUp();

  const torch::Tensor buffer_;
  const Reduce op_;
  const MpiGroupPtr group_;
  const int tag_;
  bool begun_ = false;
  std::vector<char> staging_;
  std::vector<MPI_Request> requests_;
};

}  // namespace helio::cluster
