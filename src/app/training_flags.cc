#include "src/app/training_flags.h"

#include <map>

#include "src/app/training_options.h"
#include "src/recipes/registry.h"

namespace helio::app {

void RegisterTrainingFlags() {
  static auto& defaults = *new TrainingOptions;
  OptionList list;
  defaults.Declare(list);
  RegisterFlags(list);
  for (const auto& system : recipes::Systems()) {
    OptionList own;
    system.declare(own);
    RegisterFlags(own);
  }
  OptionList judges;
  defaults.judges.Declare(judges);
  RegisterFlags(judges);
}

std::vector<FlagText> FlagsOf(const std::string& recipe) {
  TrainingOptions options;
  OptionList list, system;
  options.Declare(list);
  recipes::FindSystem(recipe).declare(system);
  std::vector<FlagText> flags;
  for (const auto* each : {&list, &system})
    for (const auto& option : each->options()) flags.push_back(TextOf(option));
  return flags;
}

std::set<std::string> FlagNamesOf(recipes::Program program) {
  std::map<std::string, int> readers;
  for (const auto& recipe : recipes::SystemNames(program))
    for (const auto& flag : FlagsOf(recipe)) ++readers[flag.name];
  std::set<std::string> names;
  for (const auto& [name, count] : readers)
    if (count > 1) names.insert(name);
  return names;
}

}  // namespace helio::app
