#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "dataio/source.h"

namespace helio::dataio {

struct PackOptions {
  std::filesystem::path out;
  std::string name = "custom";  // of the data set, in the manifest
  int side = 304;               // shorter side of stored pictures: 304 for 256-pixel training, 76 for 64
  std::string codec = "jpeg";   // jpeg | raw
  int quality = 95;
  int64_t shard_records = 1024;
  int workers = 0;                   // 0: one a core
  bool skip_damaged = false;         // pictures that do not decode: skip and count, or stop
  bool captions = true;              // every record has at least one; false: none has any
  std::filesystem::path vocabulary;  // a given vocabulary.json; empty: built from all captions
};

// Packs splits into OUT/<split>-00000-of-00016.h5, vocabulary.json and, last, manifest.json. Pictures are
// cropped to 1.5 times their box (the published rule) and scaled to the shorter side. The bytes written do
// not depend on the number of workers. A killed run is gone on with: whole shards of the same plan are kept.
// Throws Error.
void PackDataset(const std::vector<SourceSplit>& splits, const PackOptions& options);

}  // namespace helio::dataio
