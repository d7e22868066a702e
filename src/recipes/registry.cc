#include "src/recipes/registry.h"

#include "src/base/error.h"
#include "src/recipes/attngan.h"
#include "src/recipes/mirrorgan.h"
#include "src/recipes/pretraining.h"

namespace helio::recipes {
namespace {

template <typename System>
std::unique_ptr<Recipe> Make(const RecipeOptions& options, const RecipeContext& context) {
  return std::make_unique<System>(options, context);
}

std::unique_ptr<Recipe> MakeAttnDcgan(const RecipeOptions& options, const RecipeContext& context) {
  return std::make_unique<AttnGan>(options, context, /*only_last=*/true);
}

// One row a system.
const std::map<std::string, RecipeFactory>& Recipes() {
  static const auto& recipes = *new std::map<std::string, RecipeFactory>{
      {"mirrorgan", &Make<MirrorGan>}, {"attngan", &Make<AttnGan>},
      {"attn_dcgan", &MakeAttnDcgan},  {"damsm", &Make<Damsm>},
      {"captioner", &Make<Captioner>}, {"classifier", &Make<ImageClassifier>}};
  return recipes;
}

}  // namespace

std::unique_ptr<Recipe> MakeRecipe(const std::string& name, const RecipeOptions& options,
                                   const RecipeContext& context) {
  if (const auto found = Recipes().find(name); found != Recipes().end())
    return found->second(options, context);
  std::string known;
  for (const auto& recipe : RecipeNames()) known += (known.empty() ? "" : ", ") + recipe;
  ThrowUser("unknown recipe '" + name + "'", "--recipe", "one of " + known);
}

std::vector<std::string> RecipeNames() {
  std::vector<std::string> names;
  for (const auto& recipe : Recipes()) names.push_back(recipe.first);
  return names;
}

}  // namespace helio::recipes
