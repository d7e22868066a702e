#include "dataio/dataset.h"

#include <algorithm>

#include "src/base/checksum.h"
#include "src/base/log.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

// Missing and truncated files are told apart from damaged ones.
void CheckSize(const fs::path& path, const Json& entry, const std::string& manifest) {
  std::error_code missing;
  const auto bytes = fs::file_size(path, missing);
  if (missing) ThrowData("is missing", path.string(), "pack the data set again, or copy the whole folder");
  if (bytes != JsonField<uint64_t>(entry, "bytes", manifest))
    ThrowData("has " + std::to_string(bytes) + " bytes, the manifest says otherwise", path.string(),
              "it is truncated or of another packing run");
}

Shard OpenListed(const fs::path& root, const Json& entry, const Vocabulary& vocabulary) {
  const std::string manifest = (root / "manifest.json").string();
  const auto name = JsonField<std::string>(entry, "file", manifest);
  if (name.find('/') != std::string::npos) ThrowData("names a file outside the folder", manifest);
  const auto path = root / name;
  CheckSize(path, entry, manifest);
  Shard shard(path, vocabulary.size());
  if (shard.digest() != JsonField<std::string>(entry, "index_xxh3_128", manifest))
    ThrowData("digest differs from the manifest's", path.string(),
              "it is of another packing run; pack again");
  if (shard.header().vocabulary != vocabulary.Digest())
    ThrowData("was packed with another vocabulary", path.string());
  return shard;
}

// A manifest may have been put together by hand, of shards of several packings.
void CheckIsLike(const Shard& shard, const Shard& first, int64_t classes, const std::string& where) {
  constexpr char kRemedy[] = "pack all of them at once";
  if (shard.header().key_point_names != first.header().key_point_names)
    ThrowData("has other key points than the first shard of its split", where, kRemedy);
  if (shard.size() > 0 && first.size() > 0 && (shard.captions() > 0) != (first.captions() > 0))
    ThrowData(shard.captions() > 0 ? "has captions, the first shard of its split has none"
                                   : "has no captions, the first shard of its split has some",
              where, kRemedy);
  for (int64_t record = 0; record < shard.size(); ++record)
    if (shard.Class(record) >= classes)
      ThrowData("has the class " + std::to_string(shard.Class(record)) + ", the manifest's are below " +
                    std::to_string(classes),
                where, kRemedy);
}

}  // namespace

Json ManifestEntry(const fs::path& path, const Shard& shard) {
  return {{"file", path.filename().string()},
          {"records", shard.size()},
          {"bytes", fs::file_size(path)},
          {"xxh3_128", DigestFile(path.string())},
          {"index_xxh3_128", shard.digest()}};
}

Dataset::Dataset(const fs::path& root, const std::string& split)
    : root_(root), split_(split), vocabulary_(Vocabulary::Read(root / "vocabulary.json")) {
  const std::string where = (root / "manifest.json").string();
  const std::string text = ReadFile(root / "manifest.json");
  digest_ = Digest(text);
  const Json manifest = ParseJson(text, where);
  if (JsonField<int>(manifest, "format_version", where) != kManifestVersion)
    ThrowData("has another format version", where, "pack the data set again");
  if (JsonField<std::string>(manifest, "vocabulary", where) != vocabulary_.Digest())
    ThrowData("vocabulary.json is not the one that the shards were packed with", where);
  classes_ = JsonField<int64_t>(manifest, "classes", where);
  const auto splits = JsonField<Json>(manifest, "splits", where);
  if (!splits.contains(split)) ThrowUser("has no split '" + split + "'", where);
  for (const auto& entry : splits.at(split)) {
    shards_.push_back(OpenListed(root, entry, vocabulary_));
    CheckIsLike(shards_.back(), shards_.front(), classes_,
                (root / JsonField<std::string>(entry, "file", where)).string());
    first_.push_back(first_.back() + shards_.back().size());
    first_caption_.push_back(first_caption_.back() + shards_.back().captions());
  }
  if (size() == 0) ThrowUser("split '" + split + "' is empty", where);
  has_classes_ = TellsClassesApart();
}

bool Dataset::TellsClassesApart() const {
  const int64_t first = shards_.front().size() > 0 ? shards_.front().Class(0) : -1;
  for (const auto& shard : shards_)
    for (int64_t record = 0; record < shard.size(); ++record)
      if (shard.Class(record) != first) return true;
  return false;
}

std::pair<const Shard*, int64_t> Dataset::Locate(int64_t row) const {
  CHECK(row >= 0 && row < size()) << row;
  const auto shard = std::upper_bound(first_.begin(), first_.end(), row) - first_.begin() - 1;
  return {&shards_[static_cast<size_t>(shard)], row - first_[static_cast<size_t>(shard)]};
}

std::string Dataset::Id(int64_t row) const {
  const auto [shard, record] = Locate(row);
  return shard->Id(record);
}

int64_t Dataset::Class(int64_t row) const {
  const auto [shard, record] = Locate(row);
  const int64_t class_id = shard->Class(record);
  return has_classes_ && class_id >= 0 ? class_id : row;
}

int64_t Dataset::Captions(int64_t row) const {
  const auto [shard, record] = Locate(row);
  return shard->Captions(record);
}

int64_t Dataset::FirstCaption(int64_t row) const {
  const auto [shard, record] = Locate(row);
  return first_caption_[static_cast<size_t>(shard - shards_.data())] + shard->FirstCaption(record);
}

std::array<float, 4> Dataset::Box(int64_t row) const {
  const auto [shard, record] = Locate(row);
  return shard->Box(record);
}

std::array<float, 4> Dataset::Region(int64_t row) const {
  const auto [shard, record] = Locate(row);
  const auto region = shard->Region(record);
  if (region[2] <= 0)
    ThrowUser("was packed before shards recorded which part of a picture they hold", root_.string(),
              "this system needs boxes or key points: pack the data set again");
  return region;
}

std::vector<KeyPoint> Dataset::KeyPoints(int64_t row) const {
  const auto [shard, record] = Locate(row);
  return shard->KeyPoints(record);
}

std::array<int, 2> Dataset::StoredSize(int64_t row) const {
  const auto [shard, record] = Locate(row);
  return shard->Size(record);
}

std::vector<int32_t> Dataset::Tokens(int64_t row, int64_t caption) const {
  const auto [shard, record] = Locate(row);
  return shard->Tokens(record, caption);
}

int64_t Dataset::TokenCount(int64_t row, int64_t caption) const {
  const auto [shard, record] = Locate(row);
  return shard->TokenCount(record, caption);
}

std::string Dataset::Text(int64_t row, int64_t caption) const {
  const auto [shard, record] = Locate(row);
  return shard->Text(record, caption);
}

Image Dataset::Picture(int64_t row) const {
  const auto [shard, record] = Locate(row);
  if (shard->header().codec == Codec::kJpeg) return DecodeImage(shard->ImageBytes(record), shard->Id(record));
  const auto [width, height] = shard->Size(record);
  const auto pixels = shard->RawRows(record, 0, height);
  Image image(width, height);
  std::copy(pixels.begin(), pixels.end(), image.pixels.begin());
  return image;
}

Window Dataset::CropInto(int64_t row, int side, std::optional<uint64_t> key, bool may_mirror,
                         uint8_t* target) const {
  const auto [shard, record] = Locate(row);
  if (shard->header().codec == Codec::kJpeg) {
    const Image image = DecodeImage(shard->ImageBytes(record), shard->Id(record));
    const auto window = ChooseWindow(image.width, image.height, side, key, may_mirror);
    CopyWindow(image.row(window.top), image.width, window, target);
    return window;
  }
  const auto [width, height] = shard->Size(record);
  const auto window = ChooseWindow(width, height, side, key, may_mirror);
  CopyWindow(shard->RawRows(record, window.top, side).data(), width, window, target);
  return window;
}

}  // namespace helio::dataio
