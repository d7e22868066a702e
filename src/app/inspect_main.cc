#include <gflags/gflags.h>

#include <iostream>

#include "dataio/hdf5_file.h"
#include "src/app/inspection.h"
#include "src/app/main.h"
#include "src/base/error.h"
#include "src/eval/image_tensor.h"
#include "src/eval/png_writer.h"
#include "src/eval/sample_grid.h"

DEFINE_string(path, "", "A shard (.h5) or the folder of a packed data set");
DEFINE_bool(verify, false, "Read everything: every checksum, every picture, the manifest's digests");
DEFINE_string(samples, "", "Write a PNG of pictures with their first caption here");
DEFINE_int32(n, 8, "Pictures in --samples, spread evenly");

namespace {

namespace fs = std::filesystem;
using helio::app::Summary;
using helio::dataio::Image;
using helio::dataio::Shard;

// The middle square, {3, s, s} in [-1, 1].
torch::Tensor Square(const Image& image) {
  const int side = std::min(image.width, image.height);
  const int left = (image.width - side) / 2, top = (image.height - side) / 2;
  return helio::eval::SignedUnits(
      helio::eval::PixelsOf(helio::dataio::Crop(image, left, top, left + side, top + side)));
}

helio::eval::Sample SampleOf(const Shard& shard, int64_t record, const fs::path& path) {
  return {shard.captions() > 0 ? shard.Text(record, 0) : shard.Id(record),
          {Square(helio::app::PictureOf(shard, record, path))},
          {}};
}

// Records of all `paths` as one row, of which every share-th is drawn.
std::vector<helio::eval::Sample> ChooseSamples(const std::vector<fs::path>& paths, int64_t records) {
  std::vector<helio::eval::Sample> samples;
  const int64_t wanted = std::min<int64_t>(FLAGS_n, records);
  int64_t first = 0;
  for (const auto& path : paths) {
    const auto shard = helio::app::OpenShard(path);
    const int64_t end = first + shard.size();
    for (int64_t row; std::ssize(samples) < wanted && (row = std::ssize(samples) * records / wanted) < end;)
      samples.push_back(SampleOf(shard, row - first, path));
    first = end;
  }
  return samples;
}

void DrawSamples(const std::vector<fs::path>& paths, int64_t records) {
  if (FLAGS_samples.empty()) return;
  if (FLAGS_n < 1 || FLAGS_n > 1000) helio::ThrowUser("must be 1 to 1000", "--n");
  if (records == 0) helio::ThrowData("has no pictures to draw", FLAGS_path);
  const auto canvas = helio::eval::DrawSampleGrid(
      ChooseSamples(paths, records),
      {.title = fs::path(FLAGS_path).filename().string(), .subtitle = "", .columns = 4});
  helio::eval::WritePng(FLAGS_samples, canvas);
  std::cout << "samples: " << FLAGS_samples << '\n';
}

void Tell(const std::string& split, const Summary& summary) { std::cout << split << ":\n" << summary.Text(); }

Summary SummaryOf(const std::vector<fs::path>& paths) {
  Summary summary;
  for (const auto& path : paths) summary.Add(helio::app::OpenShard(path), fs::file_size(path));
  return summary;
}

void InspectShard(const fs::path& path) {
  if (FLAGS_verify) helio::app::VerifyRecords(path);
  const auto summary = SummaryOf({path});
  std::cout << path.string() << ": shard, format version "
            << helio::dataio::Hdf5Reader(path).Attribute("format_version") << ", vocabulary "
            << helio::app::OpenShard(path).header().vocabulary << '\n';
  Tell(path.filename().string(), summary);
  DrawSamples({path}, summary.records);
}

std::vector<fs::path> PathsOf(const std::vector<helio::app::ListedShard>& listed) {
  std::vector<fs::path> paths;
  for (const auto& shard : listed) paths.push_back(shard.path);
  return paths;
}

void InspectSet(const fs::path& root) {
  const auto set = helio::app::ReadPackedSet(root);
  std::cout << root.string() << ": data set '" << set.name << "', format version " << set.version
            << ", shorter side " << set.side << ", " << set.classes << " classes, vocabulary of " << set.words
            << " words (" << set.vocabulary_digest << ")\n";
  std::vector<fs::path> all;
  int64_t records = 0;
  for (const auto& [split, listed] : set.splits) {
    if (FLAGS_verify) std::for_each(listed.begin(), listed.end(), &helio::app::VerifyListed);
    const auto paths = PathsOf(listed);
    const auto summary = SummaryOf(paths);
    Tell(split, summary);
    all.insert(all.end(), paths.begin(), paths.end());
    records += summary.records;
  }
  DrawSamples(all, records);
}

// A run, a checkpoint, weights: what else people have that is made of such files.
void CheckIsData(const fs::path& path) {
  std::error_code unreadable;
  const bool trained = path.extension() == ".safetensors" ||
                       fs::exists(path / "model.safetensors", unreadable) ||
                       fs::exists(path / "checkpoints", unreadable);
  if (trained)
    helio::ThrowUser("is trained, not packed data", path.string(),
                     "helio-inspect shows what helio-pack wrote; helio-export describes what was trained");
}

int Run() {
  if (FLAGS_path.empty()) helio::ThrowUser("is missing", "--path", "name a shard or a packed data set");
  std::error_code missing;
  if (!fs::exists(FLAGS_path, missing)) helio::ThrowUser("is missing", FLAGS_path);
  CheckIsData(FLAGS_path);
  if (fs::is_directory(FLAGS_path, missing))
    InspectSet(FLAGS_path);
  else
    InspectShard(FLAGS_path);
  if (FLAGS_verify) std::cout << "verified: everything is whole\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return helio::app::Main(argc, argv, {"helio-inspect shows and verifies packed data: --path=DIR [--verify]"},
                          &Run);
}
