#include "dataio/shard.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>

#include "dataio/mapped_columns.h"
#include "dataio/shard_format.h"
#include "dataio/shard_index.h"
#include "src/base/file_system.h"
#include "src/base/numbers.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

void CheckOffsets(const Column<uint64_t>& offset, size_t items, uint64_t end, const char* name,
                  const std::string& where) {
  bool fine = offset.size() == items + 1 && offset[0] == 0 && offset[items] == end;
  for (size_t i = 0; fine && i < items; ++i) fine = offset[i] <= offset[i + 1];
  if (!fine) ThrowData(std::string("offsets of '") + name + "' are damaged", where);
}

std::array<float, 4> FourOf(const Column<float>& column, int64_t record) {
  std::array<float, 4> values;
  for (size_t i = 0; i < 4; ++i) values[i] = column.at(4 * static_cast<size_t>(record) + i);
  return values;
}

}  // namespace

struct Shard::State {
  explicit State(const fs::path& path) : where(path.string()), index(path), seal(index.seal()) {}
  std::string where;
  const ShardIndex index;
  const ShardSeal& seal;
  ShardHeader header;
  int file = -1;
  Column<uint64_t> image_offset, checksums, first_caption;
  Column<uint16_t> sizes;
  Column<int32_t> classes;
  Column<float> boxes, regions, key_points;
  Lists<char> ids, texts;
  Lists<int32_t> tokens;
  std::vector<std::atomic<bool>> checked;  // records whose raw picture matched its checksum

  size_t Caption(int64_t record, int64_t caption) const {
    return first_caption.at(static_cast<size_t>(record)) + static_cast<size_t>(caption);
  }
  void ReadHeader(Hdf5Reader& reader);
  void Map(Hdf5Reader& reader);
  template <typename T>
  Column<T> MapColumn(Hdf5Reader& reader, const char* name) const {
    return Column<T>(index.Bytes(reader.Extent<T>(name)));
  }
  void Check(int64_t vocabulary) const;
  // Bytes of the encoded picture from `skip` on. Throws Error{kData} where the file ends first,
  // else as ErrorOfErrno.
  void ReadPicture(int64_t record, uint64_t skip, std::span<uint8_t> target) const;
  void CheckCaptions(int64_t vocabulary) const;
};

void Shard::State::ReadHeader(Hdf5Reader& reader) {
  if (reader.Attribute("magic") != kShardMagic) ThrowData("is not a Heliograph shard", where);
  if (reader.Attribute("format_version") != kShardVersion)
    ThrowData("has another format version", where, "pack the data set again");
  header.dataset = reader.Attribute("dataset");
  header.split = reader.Attribute("split");
  const auto codec = reader.Attribute("codec");
  const auto known = ValueIn(kCodecs, codec);
  if (!known)
    ThrowData("has pictures in the unknown codec '" + codec + "'", where, "it is of a newer Heliograph");
  header.codec = *known;
  header.vocabulary = reader.Attribute("vocabulary");
  const auto side = ParseNumber<int>(reader.Attribute("side"));
  if (!side) ThrowData("attribute 'side' is not a number", where);
  header.side = *side;
  header.key_point_names = Split(reader.Attribute("parts"), '\n');
}

void Shard::State::Map(Hdf5Reader& reader) {
  const auto images = reader.Extent<uint8_t>("images/bytes");
  if (images.begin != seal.images.begin || images.end != seal.images.end)
    ThrowData("its seal is of another file", where, "pack it again");
  image_offset = MapColumn<uint64_t>(reader, "images/offset");
  checksums = MapColumn<uint64_t>(reader, "images/checksum");
  sizes = MapColumn<uint16_t>(reader, "images/size");
  ids = {MapColumn<char>(reader, "ids/bytes"), MapColumn<uint64_t>(reader, "ids/offset")};
  classes = MapColumn<int32_t>(reader, "classes");
  boxes = MapColumn<float>(reader, "boxes");
  if (reader.Has("regions")) regions = MapColumn<float>(reader, "regions");
  key_points = MapColumn<float>(reader, "parts");
  first_caption = MapColumn<uint64_t>(reader, "captions/first");
  tokens = {MapColumn<int32_t>(reader, "tokens/ids"), MapColumn<uint64_t>(reader, "tokens/offset")};
  texts = {MapColumn<char>(reader, "texts/bytes"), MapColumn<uint64_t>(reader, "texts/offset")};
}

void Shard::State::Check(int64_t vocabulary) const {
  const size_t records = checksums.size();
  CheckOffsets(image_offset, records, seal.images.size(), "images", where);
  CheckOffsets(ids.offset, records, ids.values.size(), "ids", where);
  if (sizes.size() != 2 * records || classes.size() != records || boxes.size() != 4 * records ||
      (regions.size() != 0 && regions.size() != 4 * records) ||
      key_points.size() != 3 * header.key_point_names.size() * records)
    ThrowData("index arrays differ in length", where);
  CheckCaptions(vocabulary);
}

void Shard::State::CheckCaptions(int64_t vocabulary) const {
  const size_t records = checksums.size(), captions = first_caption.size() == 0 ? 0 : first_caption.back();
  CheckOffsets(first_caption, records, captions, "captions", where);
  CheckOffsets(tokens.offset, captions, tokens.values.size(), "tokens", where);
  CheckOffsets(texts.offset, captions, texts.values.size(), "texts", where);
  for (size_t i = 0; captions > 0 && i < records; ++i)
    if (first_caption[i] == first_caption[i + 1])
      ThrowData("record " + std::to_string(i) + " has no caption", where);
  for (size_t i = 0; i < captions; ++i)
    if (tokens.offset[i] == tokens.offset[i + 1])
      ThrowData("caption " + std::to_string(i) + " has no words", where);
  for (size_t i = 0; i < tokens.values.size(); ++i)
    if (const int32_t token = tokens.values[i]; token <= 0 || token >= vocabulary)
      ThrowData("word id " + std::to_string(token) + " is not in the vocabulary", where);
}

Shard::Shard(const fs::path& path, int64_t vocabulary) : state_(std::make_unique<State>(path)) {
  Hdf5Reader reader(path);
  state_->ReadHeader(reader);
  state_->Map(reader);
  state_->Check(vocabulary);
  state_->checked = std::vector<std::atomic<bool>>(state_->checksums.size());
  state_->file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (state_->file < 0) throw ErrorOfErrno(errno, path, "cannot open");
}

Shard::Shard(Shard&&) noexcept = default;

Shard::~Shard() {
  if (state_ && state_->file >= 0) ::close(state_->file);
}

int64_t Shard::size() const { return static_cast<int64_t>(state_->checksums.size()); }
const ShardHeader& Shard::header() const { return state_->header; }
ByteRange Shard::images() const { return state_->seal.images; }
const std::string& Shard::digest() const { return state_->seal.digest; }

std::string Shard::Id(int64_t record) const {
  return state_->ids.Get<std::string>(static_cast<size_t>(record));
}

int64_t Shard::Class(int64_t record) const { return state_->classes.at(static_cast<size_t>(record)); }

std::array<float, 4> Shard::Box(int64_t record) const { return FourOf(state_->boxes, record); }

std::array<float, 4> Shard::Region(int64_t record) const {
  if (state_->regions.size() == 0) return {};
  return FourOf(state_->regions, record);
}

std::vector<KeyPoint> Shard::KeyPoints(int64_t record) const {
  const size_t count = state_->header.key_point_names.size(), first = 3 * count * static_cast<size_t>(record);
  const auto& values = state_->key_points;
  std::vector<KeyPoint> points;
  for (size_t i = first; i < first + 3 * count; i += 3)
    points.push_back({values.at(i), values.at(i + 1), values.at(i + 2)});
  return points;
}

int64_t Shard::captions() const { return static_cast<int64_t>(state_->first_caption.back()); }

int64_t Shard::FirstCaption(int64_t record) const {
  return static_cast<int64_t>(state_->first_caption.at(static_cast<size_t>(record)));
}

int64_t Shard::Captions(int64_t record) const {
  const auto i = static_cast<size_t>(record);
  return static_cast<int64_t>(state_->first_caption.at(i + 1) - state_->first_caption.at(i));
}

std::vector<int32_t> Shard::Tokens(int64_t record, int64_t caption) const {
  return state_->tokens.Get<std::vector<int32_t>>(state_->Caption(record, caption));
}

int64_t Shard::TokenCount(int64_t record, int64_t caption) const {
  return static_cast<int64_t>(state_->tokens.Length(state_->Caption(record, caption)));
}

std::string Shard::Text(int64_t record, int64_t caption) const {
  return state_->texts.Get<std::string>(state_->Caption(record, caption));
}

std::array<int, 2> Shard::Size(int64_t record) const {
  const auto i = 2 * static_cast<size_t>(record);
  return {state_->sizes.at(i), state_->sizes.at(i + 1)};
}

void Shard::State::ReadPicture(int64_t record, uint64_t skip, std::span<uint8_t> target) const {
  const uint64_t begin = seal.images.begin + image_offset.at(static_cast<size_t>(record)) + skip;
  const auto got = ReadAllAt(file, begin, std::as_writable_bytes(target));
  if (got < 0) throw ErrorOfErrno(errno, where, "record " + std::to_string(record) + " cannot be read");
  if (got < std::ssize(target))
    ThrowData("record " + std::to_string(record) + " cannot be read", where, "the file is truncated");
}

std::vector<uint8_t> Shard::ImageBytes(int64_t record) const {
  const auto i = static_cast<size_t>(record);
  std::vector<uint8_t> bytes(state_->image_offset.at(i + 1) - state_->image_offset.at(i));
  state_->ReadPicture(record, 0, bytes);
  if (PictureChecksum(bytes) != state_->checksums.at(i))
    ThrowData("record " + std::to_string(record) + " (" + Id(record) + "): checksum differs", state_->where,
              "the file is damaged; pack it again");
  return bytes;
}

void Shard::CheckOnce(int64_t record) const {
  auto& checked = state_->checked[static_cast<size_t>(record)];
  if (checked.load(std::memory_order_relaxed)) return;
  const auto [width, height] = Size(record);
  if (ImageBytes(record).size() != size_t{3} * static_cast<size_t>(width) * static_cast<size_t>(height))
    ThrowData("record " + std::to_string(record) + " (" + Id(record) + ") has the wrong size", state_->where);
  checked.store(true, std::memory_order_relaxed);
}

std::span<const uint8_t> Shard::RawRows(int64_t record, int top, int rows) const {
  thread_local std::vector<uint8_t> buffer;
  CheckOnce(record);
  const size_t row_bytes = size_t{3} * static_cast<size_t>(Size(record)[0]);
  const size_t bytes = row_bytes * static_cast<size_t>(rows);
  if (buffer.size() < bytes) buffer.resize(bytes);
  const auto target = std::span(buffer).first(bytes);
  state_->ReadPicture(record, row_bytes * static_cast<size_t>(top), target);
  return target;
}

}  // namespace helio::dataio
