#include "dataio/shard.h"

#include <fcntl.h>
#include <unistd.h>

#include <span>

#include "dataio/hdf5_file.h"
#include "src/base/checksum.h"
#include "src/base/file_system.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

constexpr char kMagic[] = "heliograph-shard";
constexpr char kVersion[] = "1";

uint64_t ChecksumOf(const std::vector<uint8_t>& bytes) { return Checksum64(std::as_bytes(std::span(bytes))); }

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

void CheckOffsets(const std::vector<uint64_t>& offset, size_t items, uint64_t end, const char* name,
                  const std::string& where) {
  bool fine = offset.size() == items + 1 && offset.front() == 0 && offset.back() == end;
  for (size_t i = 0; fine && i < items; ++i) fine = offset[i] <= offset[i + 1];
  if (!fine) ThrowData(std::string("offsets of '") + name + "' are damaged", where);
}

// A shard's arrays, as they lie in the file.
struct Columns {
  Ragged<uint8_t> images;
  Ragged<char> ids, texts;
  Ragged<int32_t> tokens;
  std::vector<uint64_t> first_caption{0}, checksums;
  std::vector<uint16_t> sizes;
  std::vector<int32_t> classes;
  std::vector<float> boxes;

  void Add(const PackedRecord& record);
  void WriteTo(Hdf5Writer& file) const;
};

void Columns::Add(const PackedRecord& record) {
  images.Add(record.image);
  ids.Add(record.id);
  checksums.push_back(ChecksumOf(record.image));
  sizes.push_back(static_cast<uint16_t>(record.width));
  sizes.push_back(static_cast<uint16_t>(record.height));
  classes.push_back(static_cast<int32_t>(record.class_id));
  boxes.insert(boxes.end(), record.box.begin(), record.box.end());
  for (const auto& text : record.captions) texts.Add(text);
  for (const auto& caption : record.tokens) tokens.Add(caption);
  first_caption.push_back(first_caption.back() + record.captions.size());
}

void Columns::WriteTo(Hdf5Writer& file) const {
  Write(file, "images", "bytes", images);
  file.Write("images/checksum", checksums);
  file.Write("images/size", sizes);
  Write(file, "ids", "bytes", ids);
  file.Write("classes", classes);
  file.Write("boxes", boxes);
  file.Write("captions/first", first_caption);
  Write(file, "tokens", "ids", tokens);
  Write(file, "texts", "bytes", texts);
}

}  // namespace

void WriteShard(const fs::path& path, const std::vector<PackedRecord>& records, const std::string& codec,
                const std::string& vocabulary_digest) {
  Columns columns;
  for (const auto& record : records) columns.Add(record);
  fs::path temporary = path;
  temporary += ".tmp";
  try {
    Hdf5Writer file(temporary);
    file.Attribute("magic", kMagic);
    file.Attribute("format_version", kVersion);
    file.Attribute("codec", codec);
    file.Attribute("vocabulary", vocabulary_digest);
    columns.WriteTo(file);
    file.Close();
    SyncFile(temporary);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);  // a full disk needs the room
    throw;
  }
  fs::rename(temporary, path);
  SyncDirectory(path.parent_path());
}

struct Shard::State {
  std::string where, codec, vocabulary_digest;
  int file = -1;
  uint64_t images_begin = 0;
  std::vector<uint64_t> image_offset, checksums, id_offset, first_caption, token_offset, text_offset;
  std::vector<uint16_t> sizes;
  std::vector<char> ids, texts;
  std::vector<int32_t> classes, tokens;
  std::vector<float> boxes;

  size_t Caption(int64_t record, int64_t caption) const {
    return first_caption.at(static_cast<size_t>(record)) + static_cast<size_t>(caption);
  }
  void Read(Hdf5Reader& file_reader);
  void Check(uint64_t image_bytes, int64_t vocabulary) const;
};

void Shard::State::Read(Hdf5Reader& reader) {
  if (reader.Attribute("magic") != kMagic) ThrowData("is not a Heliograph shard", where);
  if (reader.Attribute("format_version") != kVersion)
    ThrowData("has another format version", where, "pack the data set again");
  codec = reader.Attribute("codec");
  vocabulary_digest = reader.Attribute("vocabulary");
  image_offset = reader.Read<uint64_t>("images/offset");
  checksums = reader.Read<uint64_t>("images/checksum");
  sizes = reader.Read<uint16_t>("images/size");
  ids = reader.Read<char>("ids/bytes");
  id_offset = reader.Read<uint64_t>("ids/offset");
  classes = reader.Read<int32_t>("classes");
  boxes = reader.Read<float>("boxes");
  first_caption = reader.Read<uint64_t>("captions/first");
  tokens = reader.Read<int32_t>("tokens/ids");
  token_offset = reader.Read<uint64_t>("tokens/offset");
  texts = reader.Read<char>("texts/bytes");
  text_offset = reader.Read<uint64_t>("texts/offset");
}

void Shard::State::Check(uint64_t image_bytes, int64_t vocabulary) const {
  const size_t records = checksums.size();
  CheckOffsets(image_offset, records, image_bytes, "images", where);
  CheckOffsets(id_offset, records, ids.size(), "ids", where);
  if (sizes.size() != 2 * records || classes.size() != records || boxes.size() != 4 * records)
    ThrowData("index arrays differ in length", where);
  const size_t captions = first_caption.empty() ? 0 : first_caption.back();
  CheckOffsets(first_caption, records, captions, "captions", where);
  CheckOffsets(token_offset, captions, tokens.size(), "tokens", where);
  CheckOffsets(text_offset, captions, texts.size(), "texts", where);
  for (size_t i = 0; i < records; ++i)
    if (first_caption[i] == first_caption[i + 1])
      ThrowData("record " + std::to_string(i) + " has no caption", where);
  for (size_t i = 0; i < captions; ++i)
    if (token_offset[i] == token_offset[i + 1])
      ThrowData("caption " + std::to_string(i) + " has no words", where);
  for (const int32_t token : tokens)
    if (token <= 0 || token >= vocabulary)
      ThrowData("word id " + std::to_string(token) + " is not in the vocabulary", where);
}

Shard::Shard(const fs::path& path, int64_t vocabulary) : state_(std::make_unique<State>()) {
  state_->where = path.string();
  Hdf5Reader reader(path);
  state_->Read(reader);
  const auto [begin, bytes] = reader.Extent("images/bytes");
  state_->images_begin = begin;
  state_->Check(bytes, vocabulary);
  state_->file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (state_->file < 0) ThrowData("cannot be opened for reading", state_->where);
}

Shard::Shard(Shard&&) noexcept = default;

Shard::~Shard() {
  if (state_ && state_->file >= 0) ::close(state_->file);
}

int64_t Shard::size() const { return static_cast<int64_t>(state_->checksums.size()); }
const std::string& Shard::codec() const { return state_->codec; }
const std::string& Shard::vocabulary_digest() const { return state_->vocabulary_digest; }

std::string Shard::Id(int64_t record) const {
  const auto i = static_cast<size_t>(record);
  return {state_->ids.begin() + static_cast<int64_t>(state_->id_offset.at(i)),
          state_->ids.begin() + static_cast<int64_t>(state_->id_offset.at(i + 1))};
}

int64_t Shard::Class(int64_t record) const { return state_->classes.at(static_cast<size_t>(record)); }

std::array<float, 4> Shard::Box(int64_t record) const {
  std::array<float, 4> box;
  for (size_t i = 0; i < 4; ++i) box[i] = state_->boxes.at(4 * static_cast<size_t>(record) + i);
  return box;
}

int64_t Shard::Captions(int64_t record) const {
  const auto i = static_cast<size_t>(record);
  return static_cast<int64_t>(state_->first_caption.at(i + 1) - state_->first_caption.at(i));
}

std::vector<int32_t> Shard::Tokens(int64_t record, int64_t caption) const {
  const size_t i = state_->Caption(record, caption);
  return {state_->tokens.begin() + static_cast<int64_t>(state_->token_offset.at(i)),
          state_->tokens.begin() + static_cast<int64_t>(state_->token_offset.at(i + 1))};
}

int64_t Shard::TokenCount(int64_t record, int64_t caption) const {
  const size_t i = state_->Caption(record, caption);
  return static_cast<int64_t>(state_->token_offset.at(i + 1) - state_->token_offset.at(i));
}

std::string Shard::Text(int64_t record, int64_t caption) const {
  const size_t i = state_->Caption(record, caption);
  return {state_->texts.begin() + static_cast<int64_t>(state_->text_offset.at(i)),
          state_->texts.begin() + static_cast<int64_t>(state_->text_offset.at(i + 1))};
}

std::array<int, 2> Shard::Size(int64_t record) const {
  const auto i = 2 * static_cast<size_t>(record);
  return {state_->sizes.at(i), state_->sizes.at(i + 1)};
}

std::vector<uint8_t> Shard::ImageBytes(int64_t record) const {
  const auto i = static_cast<size_t>(record);
  const uint64_t begin = state_->image_offset.at(i);
  std::vector<uint8_t> bytes(state_->image_offset.at(i + 1) - begin);
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(state_->file, bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(state_->images_begin + begin + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      ThrowData("record " + std::to_string(record) + " cannot be read", state_->where,
                "the file is truncated");
    done += static_cast<size_t>(got);
  }
  if (ChecksumOf(bytes) != state_->checksums.at(i))
    ThrowData("record " + std::to_string(record) + " (" + Id(record) + "): checksum differs", state_->where,
              "the file is damaged; pack it again");
  return bytes;
}

}  // namespace helio::dataio
