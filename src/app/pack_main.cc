#include <gflags/gflags.h>

#include "dataio/packer.h"
#include "dataio/source.h"
#include "src/app/main.h"
#include "src/base/error.h"

DEFINE_string(source, "cub", "Layout of --root: cub, coco or folder");
DEFINE_string(root, "", "Folder to read (cub: the one that holds CUB_200_2011 and text)");
DEFINE_string(out, "", "Folder to write the packed data set to");
DEFINE_int32(side, 304,
             "Shorter side of stored pictures: 304 for 256-pixel training, 76 for 64-pixel training");
DEFINE_string(codec, "jpeg", "Stored pictures: jpeg (small) or raw (fast)");
DEFINE_int32(quality, 95, "JPEG quality of stored pictures");
DEFINE_string(on_missing, "error",
              "Missing images or captions, pictures that do not decode: error, or skip and count");
DEFINE_int32(captions_per_image, 10, "Captions kept per picture, at most (0: all)");
DEFINE_string(captions, "text",
              "text: every picture has captions; none: pictures alone, for systems that read none");
DEFINE_string(
    domain, "",
    "Of a --root with the folders trainA, testA, trainB, testB (CycleGAN's sets): which letter is packed");
DEFINE_string(vocab, "",
              "Use this vocabulary.json instead of building one (official encoders keep their word ids)");
DEFINE_int64(shard_records, 1024, "Pictures a shard");
DEFINE_int32(workers, 0, "Packing threads (0: one a core)");

namespace {

using helio::dataio::SourceOptions;
using helio::dataio::SourceSplit;

std::vector<SourceSplit> ReadSource(const SourceOptions& options) {
  if (FLAGS_source == "cub") return helio::dataio::ReadCub(options);
  if (FLAGS_source == "coco") return helio::dataio::ReadCoco(options);
  if (FLAGS_source == "folder") return helio::dataio::ReadFolder(options);
  helio::ThrowUser("unknown source '" + FLAGS_source + "'", "--source", "cub, coco or folder");
}

int Run() {
  if (FLAGS_root.empty()) helio::ThrowUser("is missing", "--root", "name the folder that holds the data");
  if (FLAGS_out.empty()) helio::ThrowUser("is missing", "--out", "name a folder for the packed data set");
  if (FLAGS_on_missing != "error" && FLAGS_on_missing != "skip")
    helio::ThrowUser("must be error or skip", "--on_missing");
  if (FLAGS_captions != "text" && FLAGS_captions != "none")
    helio::ThrowUser("must be text or none", "--captions");
  if (!FLAGS_domain.empty() && FLAGS_source != "folder")
    helio::ThrowUser("is for --source=folder", "--domain");
  const bool skip = FLAGS_on_missing == "skip", captions = FLAGS_captions == "text";
  const auto splits = ReadSource({.root = FLAGS_root,
                                  .captions_per_image = FLAGS_captions_per_image,
                                  .skip_missing = skip,
                                  .captions = captions,
                                  .domain = FLAGS_domain});
  helio::dataio::PackDataset(splits, {.out = FLAGS_out,
                                      .name = FLAGS_source,
                                      .side = FLAGS_side,
                                      .codec = FLAGS_codec,
                                      .quality = FLAGS_quality,
                                      .shard_records = FLAGS_shard_records,
                                      .workers = FLAGS_workers,
                                      .skip_damaged = skip,
                                      .captions = captions,
                                      .vocabulary = FLAGS_vocab});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return helio::app::Main(
      argc, argv, {"helio-pack turns captioned pictures into HDF5 shards: --source=cub --root=DIR --out=DIR"},
      &Run);
}
