#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dataio/image.h"
#include "dataio/shard.h"

// What helio-inspect finds in packed data. One thread; nothing here is collective. Everything throws
// Error{kData} that names the file, and the record where there is one.
namespace helio::app {

// Smallest and largest of the values that were added.
struct Extremes {
  int64_t least = INT64_MAX, most = INT64_MIN;
  void Add(int64_t value);
  std::string Text() const;  // "3", "3 to 5", "none"
};

// Counts over the records of one or more shards.
struct Summary {
  int64_t shards = 0, records = 0, captions = 0;
  uint64_t bytes = 0;  // of the files
  std::set<std::string> codecs, key_points;
  std::set<int64_t> classes;
  Extremes widths, heights, captions_per_record;
  std::map<int64_t, int64_t> caption_words;  // length in words -> captions

  void Add(const dataio::Shard& shard, uint64_t file_bytes);
  std::string Text() const;  // indented lines, the histogram of caption lengths last
};

// A shard of a split as the manifest lists it.
struct ListedShard {
  std::filesystem::path path;
  int64_t records = 0;
  std::string digest;
};

// A packed data set: its manifest, checked against vocabulary.json and the sizes of its shards.
struct PackedSet {
  std::string name, vocabulary_digest;
  int64_t version = 0, side = 0, classes = 0, words = 0;
  std::map<std::string, std::vector<ListedShard>> splits;
};
PackedSet ReadPackedSet(const std::filesystem::path& root);

// The shard's index; word ids are checked where a vocabulary.json lies beside it.
dataio::Shard OpenShard(const std::filesystem::path& path);

// The stored picture, decoded, of the size that the index says.
dataio::Image PictureOf(const dataio::Shard& shard, int64_t record, const std::filesystem::path& path);

// Reads and decodes every picture; each must match its checksum.
void VerifyRecords(const std::filesystem::path& path);

// The file's digest and record count against the manifest's. Where the digest differs, the error also names
// the first record that is damaged, if the damage lies in one.
void VerifyListed(const ListedShard& listed);

}  // namespace helio::app
