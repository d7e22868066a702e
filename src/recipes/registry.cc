#include "src/recipes/registry.h"

#include <ATen/CPUGeneratorImpl.h>

#include <mutex>

#include "src/base/error.h"
#include "src/base/seeded_initialisation.h"
#include "src/base/text_list.h"
#include "src/recipes/attngan.h"
#include "src/recipes/cyclegan.h"
#include "src/recipes/gan_int_cls.h"
#include "src/recipes/gawwn.h"
#include "src/recipes/gawwn_points.h"
#include "src/recipes/mirrorgan.h"
#include "src/recipes/ppgn.h"
#include "src/recipes/pretrainings.h"
#include "src/recipes/stackgan.h"
#include "src/recipes/stackgan_pp.h"

namespace helio::recipes {
namespace {

template <typename Options>
void Declare(OptionList& list) {
  static auto& defaults = *new Options;
  defaults.Declare(list);
}

// A system that is made by `kMake` from its options.
template <typename Options, std::unique_ptr<System> (*kMake)(const Options&, const Surroundings&)>
Registration Row(const char* name, Program program, std::vector<std::string> weights,
                 int64_t least_rows = 2) {
  return {name,
          program,
          std::move(weights),
          &Declare<Options>,
          [](const OptionValues& values, const Surroundings& surroundings) {
            return kMake(OptionsFrom<Options>(values), surroundings);
          },
          least_rows};
}

}  // namespace

const NamedTensors& PretrainedWeights::Of(const std::string& role) const {
  static const auto& none = *new NamedTensors;
  const auto found = by_role.find(role);
  return found == by_role.end() ? none : found->second;
}

const std::vector<WeightRole>& WeightRoles() {
  const std::string pretrained = "pass a best.safetensors of helio-pretrain";
  static const auto& roles = *new std::vector<WeightRole>{
      {"captioner", "STREAM's captioner", pretrained},
      {"classifier",
       "Classifier: trunk to start a pretraining from, judge of the Inception Score, "
       "PPGN's encoder",
       pretrained, /*reads_no_words=*/true},
      {"damsm", "DAMSM encoders: the text encoder of a GAN, the judge of R-precision", pretrained},
      {"stage1", "StackGAN's stage I: netG.safetensors of helio-export",
       "pass the netG.safetensors that helio-export makes of a stackgan1 run"},
      {"translators", "CycleGAN's networks to begin with: any of netG_A., netG_B., netD_A., netD_B.",
       "pass a safetensors file with them"},
  };
  return roles;
}

const WeightRole& WeightRoleOf(const std::string& name) {
  for (const auto& role : WeightRoles())
    if (role.name == name) return role;
  throw std::out_of_range("no role " + name);
}

const std::vector<Registration>& Systems() {
  static const auto& systems = *new std::vector<Registration>{
      Row<AttnGanOptions, &MakeAttnDcgan>("attn_dcgan", Program::kTrain, {"damsm"}),
      Row<AttnGanOptions, &MakeAttnGan>("attngan", Program::kTrain, {"damsm"}),
      Row<CaptionerTrainingOptions, &MakeCaptioner>("captioner", Program::kPretrain, {"classifier"}),
      Row<CharCnnRnnTrainingOptions, &MakeCharCnnRnn>("char_cnn_rnn", Program::kPretrain, {"classifier"}),
      Row<ClassifierOptions, &MakeClassifier>("classifier", Program::kPretrain, {}),
      Row<CycleGanOptions, &MakeCycleGan>("cyclegan", Program::kTrain, {"translators"}, /*least_rows=*/1),
      Row<DamsmOptions, &MakeDamsm>("damsm", Program::kPretrain, {"classifier"}),
      Row<GanIntClsOptions, &MakeGanIntCls>("gan_int_cls", Program::kTrain, {"damsm"}),
      Row<GawwnOptions, &MakeGawwnBox>("gawwn_box", Program::kTrain, {"damsm"}),
      Row<GawwnOptions, &MakeGawwnKeypoint>("gawwn_keypoint", Program::kTrain, {"damsm"}),
      Row<GawwnPointsOptions, &MakeGawwnPoints>("gawwn_keypoint_generator", Program::kTrain, {"damsm"}),
      Row<MirrorGanOptions, &MakeMirrorGan>("mirrorgan", Program::kTrain, {"damsm", "captioner"}),
      Row<PpgnOptions, &MakePpgn>("ppgn", Program::kTrain, {"classifier", "captioner"}),
      Row<StackGanOptions, &MakeStackGan1>("stackgan1", Program::kTrain, {"damsm"}),
      Row<StackGan2Options, &MakeStackGan2>("stackgan2", Program::kTrain, {"damsm", "stage1"}),
      Row<StackGanPpOptions, &MakeStackGanPp>("stackgan_pp", Program::kTrain, {"damsm"}),
  };
  return systems;
}

const Registration* SystemOrNull(const std::string& name) {
  const auto found = std::ranges::find(Systems(), name, &Registration::name);
  return found == Systems().end() ? nullptr : &*found;
}

const Registration& FindSystem(const std::string& name) {
  if (const auto* row = SystemOrNull(name)) return *row;
  ThrowUser("unknown recipe '" + name + "'", "--recipe", "one of " + Join(SystemNames()));
}

std::unique_ptr<System> MakeSystem(const std::string& name, const OptionValues& values,
                                   const Surroundings& surroundings) {
  const auto& row = FindSystem(name);
  const SeededInitialisation seeded(surroundings.seed);
  return row.make(values, surroundings);
}

std::vector<std::string> SystemNames() {
  std::vector<std::string> names;
  for (const auto& row : Systems()) names.push_back(row.name);
  return names;
}

std::vector<std::string> SystemNames(Program program) {
  std::vector<std::string> names;
  for (const auto& row : Systems())
    if (row.program == program) names.push_back(row.name);
  return names;
}

}  // namespace helio::recipes
