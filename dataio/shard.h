#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataio/hdf5_file.h"
#include "src/base/enum_names.h"

namespace helio::dataio {

// Where a part of a bird is seen in the *source* picture, pixels; zeros where it is not.
struct KeyPoint {
  float x = 0, y = 0, visible = 0;
  bool operator==(const KeyPoint&) const = default;
};

// How a shard's pictures are encoded.
enum class Codec {
  kJpeg,
  kRaw,  // rows of RGB pixels
};
inline constexpr Named<Codec> kCodecs[] = {{Codec::kJpeg, "jpeg"}, {Codec::kRaw, "raw"}};

// What all records of a shard share.
struct ShardHeader {
  std::string dataset, split;
  Codec codec = Codec::kJpeg;
  std::string vocabulary;  // digest
  int side = 0;            // shorter side of stored pictures, pixels
  std::vector<std::string> key_point_names;
  bool operator==(const ShardHeader&) const = default;
};

// A record as it lies in a shard.
struct PackedRecord {
  std::string id;
  std::vector<uint8_t> image;  // encoded by the data set's codec
  int width = 0, height = 0;   // of the stored picture
  int64_t class_id = -1;
  std::array<float, 4> box = {};  // x, y, width, height in the *source* picture; zeros: none
  // x, y, width, height of the part of the source picture that was stored, source pixels
  std::array<float, 4> region = {};
  std::vector<KeyPoint> key_points;          // one for each name in the header
  std::vector<std::string> captions;         // raw text; none in sets without captions
  std::vector<std::vector<int32_t>> tokens;  // a list per caption, none empty
};

// Writes `records` as one HDF5 shard (docs/formats.md): contiguous, no filters, no timestamps, so equal
// records give equal bytes. The file is complete and synced when the call returns. Throws Error{kSystem}.
void WriteShard(const std::filesystem::path& path, const std::vector<PackedRecord>& records,
                const ShardHeader& header);

// A shard: its index in memory (shard_index.h), its pictures on disk. A file that is truncated or overwritten
// meanwhile has damaged pictures, and the index stays what it was. Immutable, thread-safe.
class Shard {
 public:
  // Opens and checks: the seal (shard_seal.h), so that nothing but a picture can be damaged; HDF5 structure
  // (only contiguous, unfiltered integer and float data sets of the expected rank are read), sizes, offsets,
  // token ids below `vocabulary`. Throws Error{kData} naming the file.
  Shard(const std::filesystem::path& path, int64_t vocabulary);
  ~Shard();
  Shard(Shard&&) noexcept;
  Shard& operator=(Shard&&) = delete;

  int64_t size() const;
  const ShardHeader& header() const;
  ByteRange images() const;           // where the encoded pictures lie in the file; the rest is the index
  const std::string& digest() const;  // of the index, which has the pictures' checksums: tells shards apart
  std::string Id(int64_t record) const;
  int64_t Class(int64_t record) const;
  std::array<float, 4> Box(int64_t record) const;
  std::array<float, 4> Region(int64_t record) const;      // zeros in shards packed before it was recorded
  std::vector<KeyPoint> KeyPoints(int64_t record) const;  // one for each name in the header
  int64_t captions() const;                               // of all records together
  int64_t Captions(int64_t record) const;
  int64_t FirstCaption(int64_t record) const;  // its number among the captions of all records
  std::vector<int32_t> Tokens(int64_t record, int64_t caption) const;
  int64_t TokenCount(int64_t record, int64_t caption) const;
  std::string Text(int64_t record, int64_t caption) const;
  std::array<int, 2> Size(int64_t record) const;  // width, height
  // The encoded picture, read with pread and checked against its checksum. Throws Error{kData} naming file
  // and record.
  std::vector<uint8_t> ImageBytes(int64_t record) const;
  // Rows [top, top + rows) of a raw picture, in a buffer of this thread that the next call overwrites. The
  // first time that a record is asked for, all of it is read and checked as by ImageBytes; later ones are
  // trusted.
  std::span<const uint8_t> RawRows(int64_t record, int top, int rows) const;

 private:
  void CheckOnce(int64_t record) const;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace helio::dataio
