#pragma once
#include <memory>
#include <vector>

#include "cluster/mpi_engine.h"

namespace helio::cluster {

// Operations that follow one another without the host, as one: stage k + 1 begins when stage k is complete on
// this rank. `aside` (may be null) runs beside the first stages.
class MpiChain : public MpiOperation {
 public:
  MpiChain(std::shared_ptr<MpiEngine> engine, Call call, std::vector<std::shared_ptr<MpiOperation>> stages,
           std::shared_ptr<MpiOperation> aside)
      : MpiOperation(std::move(engine), std::move(call)),
        stages_(std::move(stages)),
        aside_(std::move(aside)) {}

  bool large() const override { return true; }
  bool Advance() override {
    if (aside_ && aside_->Advance()) aside_.reset();
    while (stage_ < stages_.size() && stages_[stage_]->Advance()) stages_[stage_++].reset();
    return stage_ == stages_.size() && !aside_;
  }

 private:
  std::vector<std::shared_ptr<MpiOperation>> stages_;
  std::shared_ptr<MpiOperation> aside_;
  size_t stage_ = 0;
};

}  // namespace helio::cluster
