#include "src/app/row_drawing.h"

#include "src/app/drawing_manifest.h"
#include "src/eval/png_writer.h"
#include "src/eval/sample_grid.h"

namespace helio::app {
namespace {

constexpr int64_t kShownRows = 24;  // in the labelled picture

// The last stage of each picture, on the host.
torch::Tensor Drawn(const PictureRow& row, const recipes::Prompt& places, const PromptReader& reader,
                    recipes::Drawer& drawer) {
  std::vector<ReadSentence> from, to;
  std::vector<float> shares;
  recipes::DrawingRows noise;
  for (const auto& picture : row.pictures) {
    from.push_back(picture.from);
    to.push_back(picture.to);
    shares.push_back(static_cast<float>(picture.text_share));
    noise.push_back(picture.noise);
  }
  auto prompt = row.kind == RowKind::kText ? reader.PromptBetween(from, to, shares) : reader.PromptOf(from);
  const auto count = std::ssize(noise);
  if (places.boxes.defined()) prompt.boxes = places.boxes.expand({count, -1});
  if (places.key_points.defined()) prompt.key_points = places.key_points.expand({count, -1, -1});
  return drawer.Draw(prompt, noise).images.back().cpu();
}

Json ManifestLine(const PictureRow& row, const RowPicture& picture) {
  Json line = {{"kind", NameIn(kRowKinds, row.kind)},
               {"caption", picture.from.text},
               {"seed", picture.noise.seed},
               {"noise", picture.noise.row + 1},
               {"label", picture.label}};
  if (row.kind == RowKind::kText)
    line.update({{"to_caption", picture.to.text}, {"share", picture.text_share}});
  if (row.kind == RowKind::kNoise)
    line.update({{"to_seed", picture.noise.other_seed}, {"share", picture.noise.share}});
  return line;
}

}  // namespace

void DrawRows(const std::vector<PictureRow>& rows, const recipes::Prompt& places, const PromptReader& reader,
              TrainedModel& model, const std::filesystem::path& out) {
  std::vector<eval::Sample> shown;
  DrawingManifest manifest(out);
  for (const auto& row : rows) {
    const auto pictures = Drawn(row, places, reader, DrawerOf(model));
    eval::Sample sample{row.title, {}, {}, {}};
    for (size_t i = 0; i < row.pictures.size(); ++i) {
      sample.stages.push_back(pictures[static_cast<int64_t>(i)]);
      sample.labels.push_back(row.pictures[i].label);
      manifest.Add(row.name + "-" + std::to_string(i + 1), sample.stages.back(),
                   ManifestLine(row, row.pictures[i]));
    }
    if (std::ssize(shown) < kShownRows) shown.push_back(std::move(sample));
  }
  if (std::ssize(rows) > kShownRows)
    LOG(WARNING) << out.string() << " shows " << kShownRows << " of " << rows.size()
                 << " rows; all pictures are beside it";
  eval::WritePng(
      out, eval::DrawSampleGrid(shown, {.title = model.options().run.recipe, .subtitle = "", .columns = 1}));
  manifest.Write();
}

}  // namespace helio::app
