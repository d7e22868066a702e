#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "dataio/text.h"
#include "src/app/training_options.h"
#include "src/base/global_batch.h"
#include "src/base/tensor.h"
#include "src/recipes/registry.h"
#include "src/train/checkpoint_info.h"

namespace helio::app {

// `path` where it is a checkpoint, of a run's folder its newest checkpoint. Throws Error{kUser} where it is
// neither.
std::filesystem::path CheckpointFolder(const std::filesystem::path& path);

// What a trained system is used through: one of these is there, the others are null. Must not outlive the
// system.
struct SystemUse {
  std::unique_ptr<recipes::Drawer> drawer = nullptr;
  std::unique_ptr<recipes::Translator> translator = nullptr;
  std::unique_ptr<recipes::PointCompleter> completer = nullptr;

  bool WorksWith(const std::string& part) const;  // the system's part of that name
};

// A trained system out of a checkpoint: the averaged generator and its text encoder, with the vocabulary that
// belongs to them; or the averaged generators of a system that translates.
class TrainedModel {
 public:
  // `path`: a run's folder (its newest checkpoint) or a checkpoint folder. Its options are the checkpoint's,
  // except those given on the command line; its networks live on `device`. Throws Error.
  explicit TrainedModel(const std::filesystem::path& path, torch::Device device = torch::kCPU);

  // Null where the system does something else; DrawerOf and CompleterOf below refuse that.
  recipes::Drawer* drawer() { return use_.drawer.get(); }
  recipes::Translator* translator() { return use_.translator.get(); }
  recipes::PointCompleter* completer() { return use_.completer.get(); }
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
  std::filesystem::path checkpoint_;
  dataio::Vocabulary vocabulary_;
  TrainingOptions options_;
  recipes::DataFacts facts_;
  dataio::DomainNeeds needs_;
  SoloBatch solo_;
  std::unique_ptr<recipes::System> system_;
  SystemUse use_;
  std::vector<recipes::Part> drawing_parts_;
  NamedTensors frozen_;
  train::CheckpointInfo info_;
  std::string run_flags_;
  int64_t step_ = 0;
};

// Throw Error{kUser} where the system does not draw, or does not complete key points; the message says what
// it does instead. `flag`: the one that named the checkpoint.
recipes::Drawer& DrawerOf(TrainedModel& model);
recipes::PointCompleter& CompleterOf(TrainedModel& model, const std::string& flag);

// Whether the system draws from noise alone, conditioned on neither sentences nor classes.
bool DrawsNoiseAlone(TrainedModel& model);

}  // namespace helio::app
