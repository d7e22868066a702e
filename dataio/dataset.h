#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "dataio/crop.h"
#include "dataio/image.h"
#include "dataio/shard.h"
#include "dataio/text.h"
#include "src/base/json.h"

namespace helio::dataio {

constexpr int kManifestVersion = 2;

// A written shard as manifest.json lists it: name, records, bytes, digests of the whole file and of its
// index.
Json ManifestEntry(const std::filesystem::path& path, const Shard& shard);

// One split of a packed data set: its shards as one sequence of records. Immutable, thread-safe.
class Dataset {
 public:
  // Opens `root`/manifest.json and the split's shards. Every shard's size, and the digest of all of it but
  // the pictures, are checked; a picture is checked when it is read. Throws Error naming file and remedy.
  Dataset(const std::filesystem::path& root, const std::string& split);

  int64_t size() const { return first_.back(); }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  int64_t classes() const { return classes_; }  // class ids are below it; 0: the set has none
  // At least two: of one class alone nothing can be told apart, so such a split counts as one without.
  bool has_classes() const { return has_classes_; }
  const std::string& digest() const { return digest_; }  // of the manifest: tells data sets apart
  const std::string& split() const { return split_; }

  // Of the key points of each record; none where the source had none.
  const std::vector<std::string>& key_point_names() const { return shards_.front().header().key_point_names; }
  int64_t captions() const { return first_caption_.back(); }  // of all rows together; 0: pictures alone
  const std::filesystem::path& root() const { return root_; }

  std::string Id(int64_t row) const;
  int64_t Class(int64_t row) const;         // the row itself where the split has no classes
  int64_t Captions(int64_t row) const;      // at least one, unless no row has any
  int64_t FirstCaption(int64_t row) const;  // its number among the captions of all rows, in order
  std::vector<int32_t> Tokens(int64_t row, int64_t caption) const;
  int64_t TokenCount(int64_t row, int64_t caption) const;
  std::string Text(int64_t row, int64_t caption) const;
  // In the source picture, pixels; zeros: none. Region: the part of it that is stored, as Shard::Region but
  // for shards that do not know: Error{kUser}.
  std::array<float, 4> Box(int64_t row) const;
  std::array<float, 4> Region(int64_t row) const;
  std::vector<KeyPoint> KeyPoints(int64_t row) const;
  std::array<int, 2> StoredSize(int64_t row) const;  // width, height
  // The stored picture, decoded: shorter side as packed.
  Image Picture(int64_t row) const;
  // A square of it, as ChooseWindow finds it, written to `target`, side * side * 3 bytes, not mirrored.
  // Returns the window.
  Window CropInto(int64_t row, int side, std::optional<uint64_t> key, bool may_mirror, uint8_t* target) const;

 private:
  std::pair<const Shard*, int64_t> Locate(int64_t row) const;
  bool TellsClassesApart() const;

  std::filesystem::path root_;
  std::string split_, digest_;
  Vocabulary vocabulary_;
  int64_t classes_ = 0;
  bool has_classes_ = false;
  std::vector<Shard> shards_;
  std::vector<int64_t> first_{0}, first_caption_{0};  // of each shard, and the total
};

}  // namespace helio::dataio
