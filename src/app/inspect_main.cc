#include <iostream>

#include "dataio/hdf5_file.h"
#include "src/app/flags.h"
#include "src/app/inspection.h"
#include "src/app/main.h"
#include "src/base/error.h"
#include "src/eval/image_tensor.h"
#include "src/eval/png_writer.h"
#include "src/eval/sample_grid.h"
#include "src/train/run_layout.h"

namespace helio::app {
namespace {

namespace fs = std::filesystem;
using dataio::Image;
using dataio::Shard;

struct InspectOptions {
  std::string path, samples;
  bool verify = false;
  int32_t n = 8;

  void Declare(OptionList& list) {
    list.Add("path", &path, AnyValue(), "A shard (.h5) or the folder of a packed data set");
    list.Add("verify", &verify, AnyValue(),
             "Read everything: every checksum, every picture, the manifest's digests");
    list.Add("samples", &samples, AnyValue(), "Write a PNG of pictures with their first caption here");
    list.Add("n", &n, AnyValue(), "Pictures in --samples, spread evenly");
  }
};

// The middle square, {3, s, s} in [-1, 1].
torch::Tensor Square(const Image& image) {
  const int side = std::min(image.width, image.height);
  const int left = (image.width - side) / 2, top = (image.height - side) / 2;
  return eval::SignedUnits(eval::PixelsOf(dataio::Crop(image, left, top, left + side, top + side)));
}

eval::Sample SampleOf(const Shard& shard, int64_t record, const fs::path& path) {
  return {shard.captions() > 0 ? shard.Text(record, 0) : shard.Id(record),
          {Square(PictureOf(shard, record, path))},
          {}};
}

// `n` of the `records` of all `paths` together, evenly spread; all of them where they are fewer.
std::vector<eval::Sample> ChooseSamples(const std::vector<fs::path>& paths, int64_t records, int64_t n) {
  std::vector<eval::Sample> samples;
  const int64_t wanted = std::min(n, records);
  const auto next = [&] {
    return std::ssize(samples) < wanted ? std::ssize(samples) * records / wanted : records;
  };
  int64_t first = 0;  // number of the shard's first record
  for (const auto& path : paths) {
    const auto shard = OpenShard(path);
    const int64_t end = first + shard.size();
    while (next() < end) samples.push_back(SampleOf(shard, next() - first, path));
    first = end;
  }
  return samples;
}

void DrawSamples(const InspectOptions& options, const std::vector<fs::path>& paths, int64_t records) {
  if (options.samples.empty()) return;
  if (options.n < 1 || options.n > 1000) ThrowUser("must be 1 to 1000", "--n");
  if (records == 0) ThrowData("has no pictures to draw", options.path);
  const auto canvas = eval::DrawSampleGrid(
      ChooseSamples(paths, records, options.n),
      {.title = fs::path(options.path).filename().string(), .subtitle = "", .columns = 4});
  eval::WritePng(options.samples, canvas);
  std::cout << "samples: " << options.samples << '\n';
}

void Tell(const std::string& split, const Summary& summary) { std::cout << split << ":\n" << summary.Text(); }

Summary SummaryOf(const std::vector<fs::path>& paths) {
  Summary summary;
  for (const auto& path : paths) summary.Add(OpenShard(path), fs::file_size(path));
  return summary;
}

void InspectShard(const InspectOptions& options) {
  const fs::path path = options.path;
  if (options.verify) VerifyRecords(path);
  const auto summary = SummaryOf({path});
  std::cout << path.string() << ": shard, format version "
            << dataio::Hdf5Reader(path).Attribute("format_version") << ", vocabulary "
            << OpenShard(path).header().vocabulary << '\n';
  Tell(path.filename().string(), summary);
  DrawSamples(options, {path}, summary.records);
}

std::vector<fs::path> PathsOf(const std::vector<ListedShard>& listed) {
  std::vector<fs::path> paths;
  for (const auto& shard : listed) paths.push_back(shard.path);
  return paths;
}

void InspectSet(const InspectOptions& options) {
  const fs::path root = options.path;
  const auto set = ReadPackedSet(root);
  std::cout << root.string() << ": data set '" << set.name << "', format version " << set.version
            << ", shorter side " << set.side << ", " << set.classes << " classes, vocabulary of " << set.words
            << " words (" << set.vocabulary_digest << ")\n";
  std::vector<fs::path> all;
  int64_t records = 0;
  for (const auto& [split, listed] : set.splits) {
    if (options.verify) std::for_each(listed.begin(), listed.end(), &VerifyListed);
    const auto paths = PathsOf(listed);
    const auto summary = SummaryOf(paths);
    Tell(split, summary);
    all.insert(all.end(), paths.begin(), paths.end());
    records += summary.records;
  }
  DrawSamples(options, all, records);
}

// A run, a checkpoint, weights: what else people have that is made of such files.
void CheckIsData(const fs::path& path) {
  std::error_code unreadable;
  const bool trained = path.extension() == ".safetensors" ||
                       fs::exists(path / "model.safetensors", unreadable) ||
                       fs::exists(train::CheckpointsOf(path), unreadable);
  if (trained)
    ThrowUser("is trained, not packed data", path.string(),
              "helio-inspect shows what helio-pack wrote; helio-export describes what was trained");
  if (path.extension() == ".json")
    ThrowUser("is no shard", path.string(), "name a shard (.h5), or the folder of a packed data set");
  if (fs::is_directory(path, unreadable) && !fs::exists(path / "manifest.json", unreadable))
    ThrowUser("is no packed data set (it has no manifest.json)", path.string(), "helio-pack makes one");
}

int Run() {
  const auto options = OptionsFrom<InspectOptions>(GivenFlags());
  if (options.path.empty()) ThrowUser("is missing", "--path", "name a shard or a packed data set");
  std::error_code missing;
  if (!fs::exists(options.path, missing)) ThrowUser("is missing", options.path);
  CheckIsData(options.path);
  if (fs::is_directory(options.path, missing))
    InspectSet(options);
  else
    InspectShard(options);
  if (options.verify) std::cout << "verified: everything is whole\n";
  std::cout << std::flush;
  return 0;
}

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterFlagsOf<helio::app::InspectOptions>();
  return helio::app::Main(argc, argv, {"helio-inspect shows and verifies packed data: --path=DIR [--verify]"},
                          &helio::app::Run);
}
