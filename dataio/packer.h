#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "dataio/source.h"
#include "src/base/folder_lock.h"
#include "src/base/option_list.h"

namespace helio::dataio {

// --crop: which part of a picture is stored.
enum class Framing {
  kBox,  // 1.5 times its box, if it has one (the published rule)
  kWhole,
};
inline constexpr Named<Framing> kFramings[] = {{Framing::kBox, "box"}, {Framing::kWhole, "none"}};

struct PackOptions {
  std::filesystem::path out;
  std::string name = "custom";  // of the data set, in the manifest
  int32_t side = 304;           // shorter side of stored pictures: 304 for 256-pixel training, 76 for 64
  Framing crop = Framing::kBox;
  Codec codec = Codec::kJpeg;
  int32_t quality = 95;  // of kJpeg, 1 to 100
  int64_t shard_records = 1024;
  int32_t workers = 0;                // threads; 0: UsableCores()
  bool skip_damaged = false;          // pictures that do not decode: skip and count, or stop
  bool captions = true;               // every record has at least one; false: none has any
  std::filesystem::path vocabulary;   // a given vocabulary.json; empty: built from all captions
  WordRule words = WordRule::kAscii;  // of a vocabulary that is built
  void Declare(OptionList& list);     // side, crop, codec, quality, shard_records, workers, with their ranges
};

// The folder of a data set that this process alone writes, while the object lives. Move-only.
class PackFolder {
 public:
  // Makes the folder. Throws Error{kUser} at once if another process packs there; nothing is touched then.
  explicit PackFolder(const std::filesystem::path& path);
  PackFolder(const PackFolder&) = delete;
  PackFolder& operator=(const PackFolder&) = delete;
  ~PackFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_;
  FolderLock lock_;
};

// Packs splits into <split>-00000-of-00016.h5, vocabulary.json and, last, manifest.json. Pictures are cropped
// as options.crop says and scaled to the shorter side. The bytes written do not depend on the number of
// workers. A killed run is gone on with: whole shards of the same plan are kept. Throws Error; damaged
// pictures are all named together, when everything else is packed.
void PackDataset(PackFolder& folder, const std::vector<SourceSplit>& splits, PackOptions options);
// The same in options.out.
void PackDataset(const std::vector<SourceSplit>& splits, const PackOptions& options);

}  // namespace helio::dataio
