#include "src/app/trained_model.h"

#include <gflags/gflags.h>

#include "cluster/consistency.h"
#include "src/app/training_flags.h"
#include "src/base/error.h"
#include "src/base/safetensors.h"
#include "src/recipes/parts.h"
#include "src/train/checkpoint.h"

namespace helio::app {
namespace fs = std::filesystem;
namespace {

fs::path FindCheckpoint(const fs::path& path) {
  if (fs::exists(path / "manifest.json")) return path;
  const auto entries = train::ListCheckpoints(path / "checkpoints");
  if (entries.empty())
    ThrowUser("holds no checkpoint", path.string(),
              "--checkpoint is a run's folder or one of its checkpoints/step-*");
  return entries.front().path;
}

// Flags of the recorded flagfile that the command line left at their defaults.
void AdoptFlags(const std::string& flagfile) {
  std::istringstream lines(flagfile);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (!line.starts_with("--") || equals == std::string::npos) continue;
    const auto name = line.substr(2, equals - 2);
    gflags::CommandLineFlagInfo info;
    if (gflags::GetCommandLineFlagInfo(name.c_str(), &info) && info.is_default)
      gflags::SetCommandLineOption(name.c_str(), line.substr(equals + 1).c_str());
  }
}

dataio::Vocabulary VocabularyOf(const train::Snapshot& snapshot, const std::string& where) {
  const auto text = snapshot.texts.find("vocabulary.json");
  if (text == snapshot.texts.end()) ThrowData("has no vocabulary.json", where);
  return dataio::Vocabulary(
      JsonField<std::vector<std::string>>(ParseJson(text->second, where), "words", where), where);
}

// Averages and their buffers, as the checkpoint has them.
NamedTensors AveragedTensors(const train::Snapshot& snapshot, const std::string& where) {
  NamedTensors tensors;
  for (const char* file : {"average", "average_buffers"}) {
    const auto found = snapshot.tensors.find(file);
    if (found == snapshot.tensors.end())
      ThrowData(std::string("has no ") + file + ".safetensors", where, "is it a GAN's checkpoint?");
    recipes::Append(tensors, found->second);
  }
  return tensors;
}

// A run's frozen.safetensors may be another one than this checkpoint was trained with (--resume_override).
void CheckFrozen(const std::string& digest, const Json& info, const std::string& where) {
  const auto recorded = info.value("frozen", std::string());
  if (!recorded.empty() && recorded != digest)
    ThrowData("holds other frozen networks than the checkpoint was trained with", where,
              "the run went on with others; use one of its later checkpoints, or give the old ones' file "
              "this name");
}

}  // namespace

TrainedModel::TrainedModel(const fs::path& path, torch::Device device) : checkpoint_(FindCheckpoint(path)) {
  const auto snapshot = train::ReadCheckpoint(checkpoint_);
  const std::string where = checkpoint_.string();
  step_ = snapshot.step;
  info_ = snapshot.info;
  run_flags_ = snapshot.texts.contains("run.flags") ? snapshot.texts.at("run.flags") : "";
  AdoptFlags(snapshot.info.value("identity", std::string()));
  vocabulary_ = VocabularyOf(snapshot, where);
  options_ = RecipeFlags();
  options_.vocabulary = vocabulary_.size();
  const auto frozen_file = checkpoint_.parent_path().parent_path() / "frozen.safetensors";
  frozen_ = ReadSafeTensors(frozen_file).tensors;
  system_ = recipes::MakeSystem(FLAGS_recipe, options_, {solo_, solo_, 1, {{}, /*random=*/true}});
  drawer_ = system_->MakeDrawer();
  if (!drawer_) ThrowUser("is a checkpoint of '" + FLAGS_recipe + "', which draws no pictures", where);
  CopyState(frozen_, recipes::TensorsOf(*system_, recipes::Role::kFrozen), frozen_file.string());
  CheckFrozen(cluster::WeightsDigest(recipes::TensorsOf(*system_, recipes::Role::kFrozen)), info_,
              frozen_file.string());
  const auto averaged = AveragedTensors(snapshot, where);
  for (const auto& part : system_->Parts()) {
    if (part.name == drawer_->part()) drawing_part_ = part.tensors;
    const auto prefix = part.name + ".";
    if (const auto own = recipes::WithoutPrefix(averaged, prefix); !own.empty())
      CopyState(own, recipes::WithoutPrefix(part.tensors, prefix), where);
    MoveTo(part.tensors, device);
  }
}

}  // namespace helio::app
