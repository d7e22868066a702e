#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "src/base/device_graphs.h"
#include "src/recipes/system.h"

namespace helio::train {

// A step's device work as CUDA graphs (--cuda_graph), for batches of one layout. The first steps run
// uncaptured, so that work that is done once only is over; the next one is captured piece by piece, and each
// piece is launched at once. From then on the pieces are launched, and of the system only what makes values
// on the host is called (StepContext::Given). The pieces read from fixed addresses: each step's batch and
// given values are copied there. One thread.
class StepRecording : public recipes::GivenValues {
 public:
  // For batches of the layout of `like`, on its device.
  StepRecording(const dataio::Batch& like, torch::Device device);

  // What batches must have in common to share a recording.
  static std::string LayoutOf(const dataio::Batch& batch);

  // A step begins. `batch` and `context`, which makes given values itself, outlive it. Within the forward
  // passes' precision.
  void Begin(const dataio::Batch& batch, const recipes::StepContext& context);
  // The next piece of the step: called, captured and launched, or launched only. Its terms, in memory of
  // their own. Pieces come in the same order at every step.
  recipes::LossTerms Play(const std::string& piece, const std::function<recipes::LossTerms()>& work);
  // The step has ended. Its own values may go: nobody else gets their memory while the pieces are there.
  void End() { ++played_; }

  // The batch as the pieces see it: captions' lengths lie on the device, too.
  const dataio::Batch& batch() const { return batch_; }
  // Whether the pieces of the step under way are captured or launched: no hook fires in a launch.
  bool launches() const { return played_ >= kPlayedFirst; }

  std::vector<torch::Tensor> Of(std::string_view purpose, const recipes::MakeGiven& make) override;

 private:
  static constexpr int kPlayedFirst = 2;
  struct Given {
    recipes::MakeGiven make;
    std::vector<torch::Tensor> values;
  };

  const torch::Device device_;
  dataio::Batch batch_;
  std::map<std::string, Given, std::less<>> given_;
  const dataio::Batch* fresh_ = nullptr;           // of the step under way
  const recipes::StepContext* context_ = nullptr;  // likewise
  DeviceGraphs graphs_;
  std::vector<recipes::LossTerms> terms_;  // of each piece
  int played_ = 0;                         // steps
  size_t next_ = 0;                        // piece of the step under way
};

}  // namespace helio::train
