#include "src/app/inspection.h"

#include <iomanip>
#include <sstream>

#include "dataio/dataset.h"
#include "src/base/checksum.h"
#include "src/base/json.h"
#include "src/base/text_list.h"

namespace helio::app {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kAnyWord = int64_t{1} << 31;  // where no vocabulary says how many there are
constexpr int64_t kBarWidth = 40;

std::string Histogram(const std::map<int64_t, int64_t>& counts) {
  int64_t most = 1;
  for (const auto& [length, count] : counts) most = std::max(most, count);
  std::ostringstream text;
  for (const auto& [length, count] : counts)
    text << std::setw(6) << length << std::setw(10) << count << "  "
         << std::string(static_cast<size_t>((count * kBarWidth + most - 1) / most), '#') << '\n';
  return text.str();
}

ListedShard ReadEntry(const fs::path& root, const Json& entry, const std::string& where) {
  return {root / JsonField<std::string>(entry, "file", where), JsonField<int64_t>(entry, "records", where),
          JsonField<std::string>(entry, "xxh3_128", where)};
}

// "; record 3 (id): checksum differs", or nothing where all pictures are whole.
std::string DamagedRecord(const fs::path& path) {
  try {
    VerifyRecords(path);
  } catch (const Error& error) {
    return std::string("; ") + error.what();
  }
  return "";
}

}  // namespace

void Extremes::Add(int64_t value) {
  least = std::min(least, value);
  most = std::max(most, value);
}

std::string Extremes::Text() const {
  if (least > most) return "none";
  return std::to_string(least) + (least == most ? "" : " to " + std::to_string(most));
}

void Summary::Add(const dataio::Shard& shard, uint64_t file_bytes) {
  ++shards;
  records += shard.size();
  bytes += file_bytes;
  codecs.insert(NameIn(dataio::kCodecs, shard.header().codec));
  key_points.insert(shard.header().key_point_names.begin(), shard.header().key_point_names.end());
  for (int64_t record = 0; record < shard.size(); ++record) {
    const auto [width, height] = shard.Size(record);
    widths.Add(width);
    heights.Add(height);
    if (shard.Class(record) >= 0) classes.insert(shard.Class(record));
    captions += shard.Captions(record);
    captions_per_record.Add(shard.Captions(record));
    for (int64_t caption = 0; caption < shard.Captions(record); ++caption)
      ++caption_words[shard.TokenCount(record, caption)];
  }
}

std::string Summary::Text() const {
  std::ostringstream text;
  text << "  shards    " << shards << ", " << bytes << " bytes\n"
       << "  records   " << records << ", codec " << Join(codecs) << ", width " << widths.Text()
       << ", height " << heights.Text() << '\n'
       << "  classes   " << classes.size() << '\n'
       << "  parts     " << (key_points.empty() ? "none" : Join(key_points)) << '\n'
       << "  captions  " << captions << ", " << captions_per_record.Text() << " a record\n";
  if (captions > 0) text << "  words  captions\n" << Histogram(caption_words);
  return text.str();
}

PackedSet ReadPackedSet(const fs::path& root) {
  const std::string where = (root / "manifest.json").string();
  const Json manifest = ReadJson(where);
  PackedSet set{JsonField<std::string>(manifest, "dataset", where),
                JsonField<std::string>(manifest, "vocabulary", where),
                JsonField<int64_t>(manifest, "format_version", where),
                JsonField<int64_t>(manifest, "side", where),
                JsonField<int64_t>(manifest, "classes", where),
                JsonField<int64_t>(manifest, "words", where),
                {}};
  const auto splits = JsonField<Json>(manifest, "splits", where);
  for (const auto& [split, entries] : splits.items()) {
    const dataio::Dataset checks(root, split);
    if (checks.vocabulary().size() != set.words) ThrowData("'words' is not vocabulary.json's number", where);
    for (const auto& entry : entries) set.splits[split].push_back(ReadEntry(root, entry, where));
  }
  if (set.splits.empty()) ThrowData("names no split", where);
  return set;
}

dataio::Shard OpenShard(const fs::path& path) {
  const auto vocabulary = path.parent_path() / "vocabulary.json";
  std::error_code missing;
  const bool known = fs::exists(vocabulary, missing);
  return {path, known ? dataio::Vocabulary::Read(vocabulary).size() : kAnyWord};
}

dataio::Image PictureOf(const dataio::Shard& shard, int64_t record, const fs::path& path) {
  const std::string where =
      path.string() + ": record " + std::to_string(record) + " (" + shard.Id(record) + ")";
  const auto bytes = shard.ImageBytes(record);
  const auto [width, height] = shard.Size(record);
  dataio::Image image;
  if (shard.header().codec == dataio::Codec::kJpeg) {
    image = dataio::DecodeImage(bytes, where);
  } else {
    image.width = width;
    image.height = height;
    image.pixels = bytes;
  }
  const size_t expected = size_t{3} * static_cast<size_t>(width) * static_cast<size_t>(height);
  if (image.width != width || image.height != height || image.pixels.size() != expected)
    ThrowData("the picture is not of the size in the index", where);
  return image;
}

void VerifyRecords(const fs::path& path) {
  const auto shard = OpenShard(path);
  for (int64_t record = 0; record < shard.size(); ++record) PictureOf(shard, record, path);
}

void VerifyListed(const ListedShard& listed) {
  const std::string where = listed.path.string();
  if (DigestFile(where) != listed.digest)
    ThrowData("digest differs from the manifest's" + DamagedRecord(listed.path), where, "pack it again");
  if (OpenShard(listed.path).size() != listed.records)
    ThrowData("the manifest gives another number of records", where);
  VerifyRecords(listed.path);
}

}  // namespace helio::app
