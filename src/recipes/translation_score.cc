#include "src/recipes/translation_score.h"

namespace helio::recipes {
namespace {

// Sums over pictures of their mean absolute differences, values in [0, 1].
torch::Tensor Difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().mean({1, 2, 3}).sum().to(torch::kFloat64) / 2;
}

torch::Tensor ColourDifference(const torch::Tensor& a, const torch::Tensor& b) {
  constexpr int64_t kFields = 8;
  const auto fields = [](const torch::Tensor& pictures) {
    return torch::adaptive_avg_pool2d(pictures, {kFields, kFields});
  };
  return Difference(fields(a), fields(b));
}

}  // namespace

// {1 + 4 a direction}: pictures; then l1 and colour of the translation and of the copy.
torch::Tensor TranslationScore::Consume(const dataio::Batch& batch) {
  const torch::NoGradGuard no_grad;
  const auto& first = batch.data().images.back();
  std::vector<torch::Tensor> sums{torch::full({}, first.size(0), first.options().dtype(torch::kFloat64))};
  for (const auto& direction : translator_->directions()) {
    const auto& from = batch.domains.at(direction.from).images.back();
    const auto& truth = batch.domains.at(direction.to).images.back();
    for (const auto& shown : {translator_->Translate(direction, from).there, from})
      for (const auto& sum : {Difference(shown, truth), ColourDifference(shown, truth)}) sums.push_back(sum);
  }
  return torch::stack(sums);
}

std::vector<ValidationScore> TranslationScore::Finish(const torch::Tensor& sums) const {
  const auto directions = translator_->directions();
  const auto of = [&](size_t direction, int64_t which) {
    return sums[1 + 4 * static_cast<int64_t>(direction) + which].item<double>() / sums[0].item<double>();
  };
  const std::string protocol = "to the true counterpart";
  std::vector<ValidationScore> scores{{"l1", 0, protocol}};
  for (size_t i = 0; i < directions.size(); ++i) {
    scores[0].value += of(i, 0) / static_cast<double>(directions.size());
    const auto& name = directions[i].name;
    scores.push_back({name + "_l1", of(i, 0), protocol});
    scores.push_back({name + "_copy_l1", of(i, 2), "of the picture left as it is"});
    scores.push_back({name + "_colour", of(i, 1), protocol});
    scores.push_back({name + "_copy_colour", of(i, 3), "of the picture left as it is"});
  }
  return scores;
}

std::vector<std::string> TranslationScore::names() const {
  std::vector<std::string> names{"l1"};
  for (const auto& direction : translator_->directions())
    for (const char* what : {"_l1", "_copy_l1", "_colour", "_copy_colour"})
      names.push_back(direction.name + what);
  return names;
}

}  // namespace helio::recipes
