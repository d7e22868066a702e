#include "dataio/batch_rows.h"

#include <algorithm>
#include <utility>

#include "src/base/characters.h"
#include "src/base/error.h"
#include "src/base/random.h"

namespace helio::dataio {

PaddedCaptions PadCaptions(const std::vector<std::vector<int32_t>>& captions, int64_t words) {
  auto ids = torch::zeros({static_cast<int64_t>(captions.size()), words}, torch::kInt64);
  auto lengths = torch::zeros({ids.size(0)}, torch::kInt64);
  for (size_t i = 0; i < captions.size(); ++i) {
    auto* row = ids.data_ptr<int64_t>() + static_cast<int64_t>(i) * words;
    std::copy(captions[i].begin(), captions[i].end(), row);
    lengths.data_ptr<int64_t>()[i] = static_cast<int64_t>(captions[i].size());
  }
  return {ids, lengths};
}

void CheckHasCaptions(const Dataset& dataset) {
  if (dataset.captions() == 0)
    ThrowUser("holds pictures without captions, and captions are to be read", dataset.root().string(),
              "pack it with --captions=text");
}

namespace {

PaddedCaptions CaptionsOf(const Dataset& dataset, std::span<const Draw> draws, int64_t words,
                          const std::function<uint64_t(const Draw&)>& cut_key) {
  CheckHasCaptions(dataset);
  std::vector<std::vector<int32_t>> captions;
  for (const auto& draw : draws)
    captions.push_back(CutCaption(dataset.Tokens(draw.row, draw.caption), words, cut_key(draw)));
  return PadCaptions(captions, words);
}

// The drawn caption and others of its record, all different as far as it has so many.
std::vector<int64_t> DrawnFirst(const Dataset& dataset, const Draw& draw, int64_t count, uint64_t key) {
  auto captions = ShuffledRows(dataset.Captions(draw.row), key);
  std::swap(captions.front(), *std::ranges::find(captions, draw.caption));
  while (std::ssize(captions) < count) captions.push_back(captions.back());
  captions.resize(static_cast<size_t>(count));
  return captions;
}

torch::Tensor CharactersOf(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
                           const std::function<uint64_t(const Draw&)>& key) {
  CheckHasCaptions(dataset);
  auto all = torch::empty({std::ssize(draws), needs.character_captions, needs.characters}, torch::kInt64);
  auto* place = all.data_ptr<int64_t>();
  for (const auto& draw : draws)
    for (const int64_t caption : DrawnFirst(dataset, draw, needs.character_captions, key(draw)))
      place =
          std::ranges::copy(CharacterNumbers(dataset.Text(draw.row, caption), needs.characters), place).out;
  return all;
}

}  // namespace

void FillRows(const Dataset& dataset, std::span<const Draw> draws, const DomainNeeds& needs,
              const std::function<uint64_t(const Draw&)>& cut_key, Domain& domain) {
  std::vector<int64_t> classes;
  for (const auto& draw : draws) {
    domain.records.push_back(draw.row);
    domain.caption_indices.push_back(draw.caption);
    classes.push_back(dataset.Class(draw.row));
  }
  domain.classes = torch::tensor(classes, torch::kInt64);
  if (needs.captions) {
    auto captions = CaptionsOf(dataset, draws, needs.words, cut_key);
    domain.captions = std::move(captions.ids);
    domain.caption_lengths = std::move(captions.lengths);
  }
  if (needs.characters > 0) domain.characters = CharactersOf(dataset, draws, needs, cut_key);
}

CroppedRows CropRows(const Dataset& dataset, std::span<const int64_t> rows, const PictureOptions& options,
                     const AugmentKey& key) {
  const auto size = std::ssize(rows), side = options.side;
  // Rows of pixels, as they are decoded, seen as {B, 3, side, side}: channels-last memory.
  const auto bytes = torch::TensorOptions(torch::kUInt8).pinned_memory(options.pinned);
  StoredPictures stored;
  stored.pixels = torch::empty({size, side, side, 3}, bytes).permute({0, 3, 1, 2});
  stored.mirrored = torch::zeros({size}, torch::kBool);
  std::vector<Window> windows;
  for (int64_t i = 0; i < size; ++i) {
    const int64_t row = rows[static_cast<size_t>(i)];
    auto* target = stored.pixels.data_ptr<uint8_t>() + i * 3 * side * side;
    windows.push_back(dataset.CropInto(row, static_cast<int>(side), key(row), options.may_mirror, target));
    stored.mirrored.data_ptr<bool>()[i] = windows.back().mirrored;
  }
  return {stored, windows};
}

torch::Tensor BoxesIn(const Dataset& dataset, std::span<const int64_t> rows,
                      std::span<const Window> windows) {
  auto boxes = torch::zeros({std::ssize(rows), 4}, torch::kFloat32);
  auto* box = boxes.data_ptr<float>();
  for (size_t i = 0; i < rows.size(); ++i, box += 4) {
    const auto [x, y, width, height] = dataset.Box(rows[i]);
    if (width <= 0 || height <= 0) continue;
    const View view(dataset.Region(rows[i]), dataset.StoredSize(rows[i]), windows[i]);
    const auto a = view.Shown({x, y}), b = view.Shown({x + width, y + height});
    const std::array<float, 4> shown = {std::min(a[0], b[0]), a[1], std::abs(b[0] - a[0]), b[1] - a[1]};
    std::copy(shown.begin(), shown.end(), box);
  }
  return boxes;
}

torch::Tensor KeyPointsIn(const Dataset& dataset, std::span<const int64_t> rows,
                          std::span<const Window> windows) {
  const auto count = std::ssize(dataset.key_point_names());
  auto all = torch::zeros({std::ssize(rows), count, 3}, torch::kFloat32);
  auto* place = all.data_ptr<float>();
  for (size_t i = 0; i < rows.size(); ++i) {
    const View view(dataset.Region(rows[i]), dataset.StoredSize(rows[i]), windows[i]);
    for (const auto& point : dataset.KeyPoints(rows[i])) {
      const auto shown = view.Shown({point.x, point.y});
      if (point.visible > 0) std::copy_n(std::array{shown[0], shown[1], 1.f}.data(), 3, place);
      place += 3;
    }
  }
  return all;
}

int64_t WrongRow(const Dataset& dataset, int64_t row, uint64_t key) {
  constexpr int kTries = 10000;
  RandomStream random(key);
  const bool one_class = dataset.classes() > 0 && !dataset.has_classes();
  const auto fits = [&](int64_t other) { return dataset.Class(other) != dataset.Class(row); };
  for (int i = 0; i < kTries && !one_class; ++i)
    if (const int64_t other = random.Below(dataset.size()); fits(other)) return other;
  // Nearly all are of its class: the next other one behind a random place.
  const int64_t size = dataset.size(), first = random.Below(size);
  for (int64_t i = 0; i < size && !one_class; ++i)
    if (const int64_t other = (first + i) % size; fits(other)) return other;
  ThrowUser("split '" + dataset.split() + "' has no picture of another class than that of '" +
                dataset.Id(row) + "'",
            "--data", "this system needs wrong pictures: pack at least two classes");
}

}  // namespace helio::dataio
