#include "src/app/initial_weights.h"

#include <algorithm>

#include "src/base/error.h"
#include "src/base/finite.h"
#include "src/base/named_tensors.h"
#include "src/base/safetensors.h"
#include "src/base/text_list.h"

namespace helio::app {
namespace {

recipes::Part TrainedPart(const recipes::System& system, const std::string& name) {
  std::string known;
  for (const auto& part : system.Parts()) {
    if (part.role != recipes::Role::kTrained) continue;
    if (part.name == name) return part;
    AddToList(known, part.name);
  }
  ThrowUser("the system trains no part '" + name + "'", "--initial", "its parts are " + known);
}

}  // namespace

void LoadInitialWeights(const std::map<std::string, std::string>& files, recipes::System& system) {
  for (const auto& [name, file] : files) {
    const auto part = TrainedPart(system, name);
    const auto prefix = name + ".";
    const auto read = ReadSafeTensors(file).tensors;
    const auto own = WithoutPrefix(read, prefix);
    const auto& weights = own.empty() ? read : own;
    if (const auto broken = FirstNotFinite(weights); !broken.empty())
      ThrowUser(file + " has weights that are not finite: " + broken, "--initial");
    CopyState(weights, WithoutPrefix(part.tensors, prefix), "--initial=" + name + ":" + file);
  }
}

}  // namespace helio::app
