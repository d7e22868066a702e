#pragma once
#include <filesystem>
#include <memory>

#include "dataio/text.h"
#include "src/app/training_options.h"
#include "src/base/global_batch.h"
#include "src/base/tensor.h"
#include "src/recipes/registry.h"
#include "src/train/checkpoint_info.h"

namespace helio::app {

// A trained system out of a checkpoint: the averaged generator and its text encoder, with the vocabulary that
// belongs to them; or the averaged generators of a system that translates.
class TrainedModel {
 public:
  // `path`: a run's folder (its newest checkpoint) or a checkpoint folder. Its options are
  // the checkpoint's, except those given on the command line; its networks live on `device`. Throws Error.
  explicit TrainedModel(const std::filesystem::path& path, torch::Device device = torch::kCPU);

  // Throws Error{kUser} where the system translates pictures instead.
  recipes::Drawer& drawer();
  // Null where the system draws captions.
  recipes::Translator* translator() { return translator_.get(); }
  // Throws Error{kUser} where the system makes up no key points; `flag` named the checkpoint.
  recipes::PointCompleter& point_completer(const std::string& flag);
  // The parts that it draws or translates with: averaged parameters, and the buffers that belong to them.
  const std::vector<recipes::Part>& drawing_parts() const { return drawing_parts_; }
  const dataio::Vocabulary& vocabulary() const { return vocabulary_; }
  // What it was trained with, and what the command line says.
  const TrainingOptions& options() const { return options_; }
  const dataio::DomainNeeds& needs() const { return needs_; }  // of the main data set
  const recipes::DataFacts& facts() const { return facts_; }   // of the data that it was trained on
  // The networks that were not trained: "text_encoder.", and what else the system has.
  const NamedTensors& frozen() const { return frozen_; }
  const train::CheckpointInfo& info() const { return info_; }  // of the checkpoint's manifest
  const std::string& run_flags() const { return run_flags_; }  // the flagfile it was trained with
  int64_t step() const { return step_; }
  const std::filesystem::path& checkpoint() const { return checkpoint_; }
  std::filesystem::path run_folder() const;

 private:
  bool Draws(const std::string& part) const;

  std::filesystem::path checkpoint_;
  dataio::Vocabulary vocabulary_;
  TrainingOptions options_;
  recipes::DataFacts facts_;
  dataio::DomainNeeds needs_;
  SoloBatch solo_;
  std::unique_ptr<recipes::System> system_;
  std::unique_ptr<recipes::Drawer> drawer_;
  std::unique_ptr<recipes::Translator> translator_;
  std::unique_ptr<recipes::PointCompleter> completer_;
  std::vector<recipes::Part> drawing_parts_;
  NamedTensors frozen_;
  train::CheckpointInfo info_;
  std::string run_flags_;
  int64_t step_ = 0;
};

}  // namespace helio::app
