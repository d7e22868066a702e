#include "src/app/trained_model.h"

#include <algorithm>

#include "src/app/flags.h"
#include "src/app/training_data.h"
#include "src/base/error.h"
#include "src/base/finite.h"
#include "src/base/named_tensors.h"
#include "src/base/precision.h"
#include "src/base/safetensors.h"
#include "src/train/checkpoint.h"
#include "src/train/checkpoint_files.h"
#include "src/train/run_layout.h"
#include "src/train/run_state.h"

namespace helio::app {
namespace fs = std::filesystem;
namespace {

fs::path CheckpointFolder(const fs::path& path) {
  if (fs::exists(path / train::kManifestName)) return path;
  const auto entries = train::ListCheckpoints(train::CheckpointsOf(path));
  if (entries.empty())
    ThrowUser("holds no checkpoint", path.string(),
              "--checkpoint is a run's folder or one of its checkpoints/step-*");
  return entries.front().path;
}

// What the checkpoint was trained with, the judges' networks, and over them what the command line says.
OptionValues ValuesOf(const std::string& identity, const std::string& run_flags) {
  auto values = ParseFlagfile(identity);
  eval::JudgeNetworks judges;
  OptionList list;
  judges.Declare(list);
  const auto all = ParseFlagfile(run_flags);
  for (const auto& option : list.options())
    if (all.contains(option.name)) values.emplace(option.name, all.at(option.name));
  for (const auto& [name, value] : GivenFlags()) values[name] = value;
  return values;
}

dataio::Vocabulary VocabularyOf(const train::Snapshot& snapshot, const std::string& where) {
  const auto text = snapshot.texts.find(train::kVocabularyFile);
  if (text == snapshot.texts.end()) ThrowData(std::string("has no ") + train::kVocabularyFile, where);
  return dataio::Vocabulary::FromJson(ParseJson(text->second, where), where);
}

// Of the data set that it was trained on; runs from before they were recorded read none of them for drawing.
recipes::DataFacts FactsOf(const train::Snapshot& snapshot, const std::string& where) {
  const auto text = snapshot.texts.find(kFactsFile);
  return text == snapshot.texts.end() ? recipes::DataFacts{}
                                      : FactsFromJson(ParseJson(text->second, where), where);
}

}  // namespace

TrainedModel::TrainedModel(const fs::path& path, torch::Device device) : checkpoint_(CheckpointFolder(path)) {
  UseCudaProducts(Precision::kFloat32);  // however it was trained
  const auto snapshot = train::ReadCheckpoint(checkpoint_);
  const std::string where = checkpoint_.string();
  step_ = snapshot.step;
  info_ = snapshot.info;
  if (const auto flags = snapshot.texts.find(train::kRunFlagsFile); flags != snapshot.texts.end())
    run_flags_ = flags->second;
  vocabulary_ = VocabularyOf(snapshot, where);
  options_ = ReadTrainingOptions(ValuesOf(info_.identity.flags, run_flags_));
  const auto& recipe = options_.run.recipe;
  const auto frozen_file = train::FrozenFile(train::RunOf(checkpoint_));
  facts_ = FactsOf(snapshot, where);
  facts_.vocabulary = vocabulary_.size();
  recipes::PretrainedWeights random;
  random.random = true;
  system_ = recipes::MakeSystem(recipe, options_.values, {solo_, solo_, 1, random, facts_});
  needs_ = system_->Needs().at(0);
  drawer_ = system_->MakeDrawer();
  translator_ = system_->MakeTranslator();
  completer_ = system_->MakePointCompleter();
  if (!drawer_ && !translator_ && !completer_)
    ThrowUser("is a checkpoint of '" + recipe + "', which draws no pictures", where);
  if (const auto frozen = recipes::TensorsOf(*system_, recipes::Role::kFrozen); !frozen.empty()) {
    frozen_ = ReadSafeTensors(frozen_file).tensors;
    CopyState(frozen_, frozen, frozen_file.string());
    train::CheckFrozen(WeightsDigest(frozen), info_, frozen_file.string());
  }
  const auto weights = train::DrawingTensors(snapshot, where);
  if (const auto name = FirstNotFinite(weights); !name.empty())
    ThrowData("has weights that are not finite: " + name, where, "use an older checkpoint");
  for (const auto& part : system_->Parts()) {
    if (Draws(part.name)) drawing_parts_.push_back(part);
    const auto prefix = part.name + ".";
    if (const auto own = WithoutPrefix(weights, prefix); !own.empty())
      CopyState(own, WithoutPrefix(part.tensors, prefix), where);
    MoveTo(part.tensors, device);
  }
}

fs::path TrainedModel::run_folder() const { return train::RunOf(fs::absolute(checkpoint_)); }

bool TrainedModel::Draws(const std::string& part) const {
  if (drawer_) return part == drawer_->part();
  if (completer_) return part == completer_->part();
  return std::ranges::any_of(translator_->directions(),
                             [&](const auto& direction) { return direction.part == part; });
}

recipes::PointCompleter& TrainedModel::point_completer(const std::string& flag) {
  if (!completer_)
    ThrowUser("is a checkpoint of '" + options_.run.recipe + "', which makes up no key points",
              flag + "=" + checkpoint_.string(), "name a run of a generator of key points");
  return *completer_;
}

recipes::Drawer& TrainedModel::drawer() {
  if (completer_)
    ThrowUser("'" + options_.run.recipe + "' makes up key points and draws no pictures", checkpoint_.string(),
              "helio-generate --points_checkpoint, beside the checkpoint of a system that draws them");
  if (!drawer_)
    ThrowUser("'" + options_.run.recipe + "' translates pictures and draws no sentences",
              checkpoint_.string(), "helio-generate --image=FILE; its scores are those of --evaluate_every");
  return *drawer_;
}

}  // namespace helio::app
