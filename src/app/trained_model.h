#pragma once
#include <filesystem>
#include <memory>

#include "dataio/text.h"
#include "src/app/training_options.h"
#include "src/base/global_batch.h"
#include "src/base/json.h"
#include "src/base/tensor.h"
#include "src/recipes/registry.h"

namespace helio::app {

// A trained text-to-image system out of a checkpoint: the averaged generator and its text encoder, with the
// vocabulary that belongs to them.
class TrainedModel {
 public:
  // `path`: a run's folder (its newest whole checkpoint) or a checkpoint folder. Its options are
  // the checkpoint's, except those given on the command line; its networks live on `device`. Throws Error.
  explicit TrainedModel(const std::filesystem::path& path, torch::Device device = torch::kCPU);

  recipes::Drawer& drawer() { return *drawer_; }
  // The part that it draws with: averaged parameters, and the buffers that belong to them.
  const NamedTensors& drawing_part() const { return drawing_part_; }
  const dataio::Vocabulary& vocabulary() const { return vocabulary_; }
  // What it was trained with, and what the command line says.
  const TrainingOptions& options() const { return options_; }
  const dataio::DomainNeeds& needs() const { return needs_; }  // of the main data set
  // The networks that were not trained: "text_encoder.", and what else the system has.
  const NamedTensors& frozen() const { return frozen_; }
  const Json& info() const { return info_; }                   // of the checkpoint's manifest
  const std::string& run_flags() const { return run_flags_; }  // the flagfile it was trained with
  int64_t step() const { return step_; }
  const std::filesystem::path& checkpoint() const { return checkpoint_; }

 private:
  std::filesystem::path checkpoint_;
  dataio::Vocabulary vocabulary_;
  TrainingOptions options_;
  dataio::DomainNeeds needs_;
  SoloBatch solo_;
  std::unique_ptr<recipes::System> system_;
  std::unique_ptr<recipes::Drawer> drawer_;
  NamedTensors drawing_part_;
  NamedTensors frozen_;
  Json info_;
  std::string run_flags_;
  int64_t step_ = 0;
};

}  // namespace helio::app
