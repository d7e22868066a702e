#include "dataio/evaluation_rows.h"

#include <algorithm>

#include "dataio/embeddings.h"
#include "src/base/random.h"

namespace helio::dataio {

std::vector<Draw> EvaluationDraws(const Dataset& dataset, int64_t count, int64_t words, uint64_t seed) {
  std::vector<Draw> draws;
  for (int64_t pass = 0; static_cast<int64_t>(draws.size()) < count; ++pass)
    for (const int64_t row : ShuffledRows(dataset.size(), RandomKey(seed, "evaluation_order", {pass}))) {
      if (static_cast<int64_t>(draws.size()) == count) break;
      auto& draw = draws.emplace_back(Draw{row, 0, 0});
      if (dataset.captions() == 0) continue;
      draw.caption =
          RandomStream(RandomKey(seed, "evaluation_caption", {pass, row})).Below(dataset.Captions(row));
      draw.length = std::min(words, dataset.TokenCount(row, draw.caption));
    }
  return draws;
}

namespace {

// The centre crops that evaluations see.
std::vector<Window> CentreWindows(const Dataset& dataset, std::span<const int64_t> rows, int64_t side) {
  std::vector<Window> windows;
  for (const int64_t row : rows) {
    const auto [width, height] = dataset.StoredSize(row);
    windows.push_back(
        ChooseWindow(width, height, static_cast<int>(side), std::nullopt, /*may_mirror=*/false));
  }
  return windows;
}

}  // namespace

Domain EvaluationText(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
                      uint64_t seed) {
  Domain domain;
  const auto cut_key = [seed](const Draw& draw) {
    return RandomKey(seed, "evaluation_cut", {draw.row, draw.caption});
  };
  FillRows(dataset, draws, needs, cut_key, domain);
  if (needs.embeddings > 0)
    domain.embeddings = Embeddings(dataset).OfCaptions(domain.records, domain.caption_indices);
  if (!needs.boxes && !needs.key_points) return domain;
  const auto windows = CentreWindows(dataset, domain.records, needs.crop_side());
  if (needs.boxes) domain.boxes = BoxesIn(dataset, domain.records, windows);
  if (needs.key_points) domain.key_points = KeyPointsIn(dataset, domain.records, windows);
  return domain;
}

Batch EvaluationBatch(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
                      uint64_t seed) {
  const auto size = std::ssize(draws);
  Batch batch;
  batch.rows = {0, size, size};
  auto& domain = batch.data() = EvaluationText(dataset, draws, needs, seed);
  domain.stored =
      CropRows(dataset, domain.records, {.side = needs.crop_side(), .may_mirror = false}, [](int64_t) {
        return std::nullopt;
      }).stored;
  return batch;
}

}  // namespace helio::dataio
