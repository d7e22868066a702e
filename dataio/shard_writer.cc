#include <limits>

#include "dataio/hdf5_file.h"
#include "dataio/shard.h"
#include "dataio/shard_format.h"
#include "dataio/shard_seal.h"
#include "src/base/file_system.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

// Lists of different lengths, one after the other: item i is values[offset[i], offset[i + 1]).
template <typename T>
struct Ragged {
  std::vector<T> values;
  std::vector<uint64_t> offset{0};

  template <typename Items>
  void Add(const Items& items) {
    values.insert(values.end(), items.begin(), items.end());
    offset.push_back(values.size());
  }
};

template <typename T>
void Write(Hdf5Writer& file, const std::string& group, const std::string& name, const Ragged<T>& ragged) {
  file.Write(group + "/" + name, ragged.values);
  file.Write(group + "/offset", ragged.offset);
}

std::string LinesOf(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += name + '\n';
  return text;
}

// A shard's arrays, to be written.
struct Arrays {
  Ragged<uint8_t> images;
  Ragged<char> ids, texts;
  Ragged<int32_t> tokens;
  std::vector<uint64_t> first_caption{0}, checksums;
  std::vector<uint16_t> sizes;
  std::vector<int32_t> classes;
  std::vector<float> boxes, regions, key_points;

  void Add(const PackedRecord& record);
  void WriteTo(Hdf5Writer& file) const;
};

template <typename T>
T Fitting(int64_t value, const char* what, const PackedRecord& record) {
  if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max())
    ThrowData(std::string(what) + " " + std::to_string(value) + " does not fit into a shard", record.id);
  return static_cast<T>(value);
}

void Arrays::Add(const PackedRecord& record) {
  images.Add(record.image);
  ids.Add(record.id);
  checksums.push_back(PictureChecksum(record.image));
  sizes.push_back(Fitting<uint16_t>(record.width, "width", record));
  sizes.push_back(Fitting<uint16_t>(record.height, "height", record));
  classes.push_back(Fitting<int32_t>(record.class_id, "class", record));
  boxes.insert(boxes.end(), record.box.begin(), record.box.end());
  regions.insert(regions.end(), record.region.begin(), record.region.end());
  for (const auto& point : record.key_points)
    key_points.insert(key_points.end(), {point.x, point.y, point.visible});
  for (const auto& text : record.captions) texts.Add(text);
  for (const auto& caption : record.tokens) tokens.Add(caption);
  first_caption.push_back(first_caption.back() + record.captions.size());
}

void Arrays::WriteTo(Hdf5Writer& file) const {
  Write(file, "images", "bytes", images);
  file.Write("images/checksum", checksums);
  file.Write("images/size", sizes);
  Write(file, "ids", "bytes", ids);
  file.Write("classes", classes);
  file.Write("boxes", boxes);
  file.Write("regions", regions);
  file.Write("parts", key_points);
  file.Write("captions/first", first_caption);
  Write(file, "tokens", "ids", tokens);
  Write(file, "texts", "bytes", texts);
}

void WriteHeader(Hdf5Writer& file, const ShardHeader& header, size_t records) {
  file.Attribute("magic", kShardMagic);
  file.Attribute("format_version", kShardVersion);
  file.Attribute("dataset", header.dataset);
  file.Attribute("split", header.split);
  file.Attribute("codec", NameIn(kCodecs, header.codec));
  file.Attribute("side", std::to_string(header.side));
  file.Attribute("records", std::to_string(records));
  file.Attribute("vocabulary", header.vocabulary);
  file.Attribute("parts", LinesOf(header.key_point_names));
}

}  // namespace

void WriteShard(const fs::path& path, const std::vector<PackedRecord>& records, const ShardHeader& header) {
  Arrays arrays;
  for (const auto& record : records) arrays.Add(record);
  fs::path temporary = path;
  temporary += ".tmp";
  try {
    Hdf5Writer file(temporary);
    WriteHeader(file, header, records.size());
    arrays.WriteTo(file);
    file.Close();
    SealShard(temporary);
    SyncFile(temporary);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);  // a full disk needs the room
    throw;
  }
  Rename(temporary, path);
  SyncDirectory(path.parent_path());
}

}  // namespace helio::dataio
