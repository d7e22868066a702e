#include "src/recipes/registry.h"

#include <ATen/CPUGeneratorImpl.h>

#include <mutex>

#include "src/base/error.h"
#include "src/recipes/attngan.h"
#include "src/recipes/mirrorgan.h"
#include "src/recipes/pretrainings.h"

namespace helio::recipes {
namespace {

template <typename T>
std::unique_ptr<System> Make(const RecipeOptions& options, const Surroundings& surroundings) {
  return std::make_unique<T>(options, surroundings);
}

std::unique_ptr<System> MakeAttnDcgan(const RecipeOptions& options, const Surroundings& surroundings) {
  return std::make_unique<AttnGan>(options, surroundings, /*only_last=*/true);
}

// While it lives, torch's own initialisers, which draw from the process' one generator, are a function of
// `seed`; one at a time, because ranks may be threads.
class SeededInitialisation {
 public:
  explicit SeededInitialisation(uint64_t seed)
      : lock_(Mutex()), generator_(at::detail::getDefaultCPUGenerator()) {
    before_ = generator_.get_state();
    generator_.set_current_seed(seed);
  }
  SeededInitialisation(const SeededInitialisation&) = delete;
  SeededInitialisation& operator=(const SeededInitialisation&) = delete;
  ~SeededInitialisation() { generator_.set_state(before_); }

 private:
  static std::mutex& Mutex() {
    static auto& mutex = *new std::mutex;
    return mutex;
  }

  const std::lock_guard<std::mutex> lock_;
  at::Generator generator_;
  torch::Tensor before_;
};

}  // namespace

const NamedTensors& PretrainedWeights::Of(const std::string& role) const {
  static const auto& none = *new NamedTensors;
  const auto found = by_role.find(role);
  return found == by_role.end() ? none : found->second;
}

const std::vector<Registration>& Systems() {
  static const auto& systems = *new std::vector<Registration>{
      {"attn_dcgan", Program::kTrain, {"damsm"}, &MakeAttnDcgan},
      {"attngan", Program::kTrain, {"damsm"}, &Make<AttnGan>},
      {"captioner", Program::kPretrain, {"classifier"}, &MakeCaptioner},
      {"classifier", Program::kPretrain, {}, &MakeClassifier},
      {"damsm", Program::kPretrain, {"classifier"}, &MakeDamsm},
      {"mirrorgan", Program::kTrain, {"damsm", "captioner"}, &Make<MirrorGan>},
  };
  return systems;
}

const Registration& FindSystem(const std::string& name) {
  std::string known;
  for (const auto& row : Systems()) {
    if (row.name == name) return row;
    known += (known.empty() ? "" : ", ") + row.name;
  }
  ThrowUser("unknown recipe '" + name + "'", "--recipe", "one of " + known);
}

std::unique_ptr<System> MakeSystem(const std::string& name, const RecipeOptions& options,
                                   const Surroundings& surroundings) {
  const auto& row = FindSystem(name);
  const SeededInitialisation seeded(surroundings.seed);
  return row.make(options, surroundings);
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
