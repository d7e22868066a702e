#include "src/app/trained_model.h"

#include <algorithm>
#include <map>

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

constexpr char kRemedy[] = "--checkpoint is a run's folder or one of its checkpoints/step-*";

// What helio-pack writes has a manifest of that name, too.
bool IsPackedData(const fs::path& manifest) {
  const auto json = Json::parse(ReadFile(manifest), nullptr, false);
  return json.is_object() && json.contains("splits");
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
recipes::DataFacts RecordedFacts(const train::Snapshot& snapshot, const std::string& where) {
  const auto text = snapshot.texts.find(kFactsFile);
  return text == snapshot.texts.end() ? recipes::DataFacts{}
                                      : FactsFromJson(ParseJson(text->second, where), where);
}

// As the run built it, but for its weights, which are random.
std::unique_ptr<recipes::System> UntrainedSystem(const TrainingOptions& options,
                                                 const recipes::DataFacts& facts, GlobalBatch& solo) {
  recipes::PretrainedWeights random;
  random.random = true;
  return recipes::MakeSystem(options.run.recipe, options.values, {solo, solo, 1, random, facts});
}

SystemUse UseOf(recipes::System& system, const std::string& recipe, const std::string& where) {
  SystemUse use{system.MakeDrawer(), system.MakeTranslator(), system.MakePointCompleter()};
  if (!use.drawer && !use.translator && !use.completer)
    ThrowUser("is a checkpoint of '" + recipe + "', which draws no pictures", where);
  return use;
}

// `named`, each as `tensors` have it: a run of --dtype=float64 held them in another type than they are drawn
// with.
NamedTensors AsIn(const NamedTensors& tensors, NamedTensors named) {
  const std::map<std::string, torch::Tensor> by_name(tensors.begin(), tensors.end());
  for (auto& [name, tensor] : named)
    if (const auto found = by_name.find(name); found != by_name.end()) tensor = found->second;
  return named;
}

// From the run's folder into the system's frozen parts; what the file has. Nothing of systems without them.
NamedTensors LoadFrozen(const recipes::System& system, const fs::path& run,
                        const train::CheckpointInfo& info) {
  const auto frozen = recipes::TensorsOf(system, recipes::Role::kFrozen);
  if (frozen.empty()) return {};
  const auto file = train::FrozenFile(run);
  auto tensors = ReadSafeTensors(file).tensors;
  CopyState(tensors, frozen, file.string());
  train::CheckFrozen(WeightsDigest(AsIn(tensors, frozen)), info, file.string());
  return tensors;
}

// Into those of the system's parts that the checkpoint draws with.
void LoadDrawingWeights(const recipes::System& system, const train::Snapshot& snapshot,
                        const std::string& where) {
  const auto weights = train::DrawingTensors(snapshot, where);
  if (const auto name = FirstNotFinite(weights); !name.empty())
    ThrowData("has weights that are not finite: " + name, where, "use an older checkpoint");
  for (const auto& part : system.Parts()) {
    const auto prefix = part.name + ".";
    if (const auto own = WithoutPrefix(weights, prefix); !own.empty())
      CopyState(own, WithoutPrefix(part.tensors, prefix), where);
  }
}

}  // namespace

fs::path CheckpointFolder(const fs::path& path) {
  if (const auto manifest = path / train::kManifestName; fs::exists(manifest)) {
    if (IsPackedData(manifest)) ThrowUser("is packed data, no trained model", path.string(), kRemedy);
    return path;
  }
  const auto entries = train::ListCheckpoints(train::CheckpointsOf(path));
  if (entries.empty()) ThrowUser("holds no checkpoint", path.string(), kRemedy);
  return entries.front().path;
}

bool SystemUse::WorksWith(const std::string& part) const {
  if (drawer) return part == drawer->part();
  if (completer) return part == completer->part();
  return std::ranges::any_of(translator->directions(),
                             [&](const auto& direction) { return direction.part == part; });
}

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
  facts_ = RecordedFacts(snapshot, where);
  facts_.vocabulary = vocabulary_.size();
  system_ = UntrainedSystem(options_, facts_, solo_);
  needs_ = system_->Needs().at(0);
  use_ = UseOf(*system_, options_.run.recipe, where);
  frozen_ = LoadFrozen(*system_, train::RunOf(checkpoint_), info_);
  LoadDrawingWeights(*system_, snapshot, where);
  for (const auto& part : system_->Parts()) {
    if (use_.WorksWith(part.name)) drawing_parts_.push_back(part);
    MoveTo(part.tensors, device);
  }
}

fs::path TrainedModel::run_folder() const { return train::RunOf(fs::absolute(checkpoint_)); }

recipes::PointCompleter& CompleterOf(TrainedModel& model, const std::string& flag) {
  if (!model.completer())
    ThrowUser("is a checkpoint of '" + model.options().run.recipe + "', which makes up no key points",
              flag + "=" + model.checkpoint().string(), "name a run of a generator of key points");
  return *model.completer();
}

recipes::Drawer& DrawerOf(TrainedModel& model) {
  if (model.completer())
    ThrowUser("'" + model.options().run.recipe + "' makes up key points and draws no pictures",
              model.checkpoint().string(),
              "helio-generate --points_checkpoint, beside the checkpoint of a system that draws them");
  if (!model.drawer())
    ThrowUser("'" + model.options().run.recipe + "' translates pictures and draws no sentences",
              model.checkpoint().string(),
              "helio-generate --image=FILE; its scores are those of --evaluate_every");
  return *model.drawer();
}

bool DrawsNoiseAlone(TrainedModel& model) {
  const bool told = model.needs().captions || model.needs().embeddings > 0;
  return !told && model.drawer() && model.drawer()->classes() == 0;
}

}  // namespace helio::app
