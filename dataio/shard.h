#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace helio::dataio {

// A record as it lies in a shard.
struct PackedRecord {
  std::string id;
  std::vector<uint8_t> image;  // encoded by the data set's codec
  int width = 0, height = 0;   // of the stored picture
  int64_t class_id = -1;
  std::array<float, 4> box = {};             // x, y, width, height in the *source* picture; zeros: none
  std::vector<std::string> captions;         // raw text
  std::vector<std::vector<int32_t>> tokens;  // a list per caption, none empty
};

// Writes `records` as one HDF5 shard (docs/formats.md): contiguous, no filters, no timestamps, so equal
// records give equal bytes. The file is complete and synced when the call returns. Throws Error{kSystem}.
void WriteShard(const std::filesystem::path& path, const std::vector<PackedRecord>& records,
                const std::string& codec, const std::string& vocabulary_digest);

// The index of a shard in memory; pictures stay on disk. Immutable, thread-safe.
class Shard {
 public:
  // Opens and checks: HDF5 structure (only contiguous, unfiltered integer and float data sets of the expected
  // rank are read), sizes, offsets, token ids below `vocabulary`. Throws Error{kData} naming the file.
  Shard(const std::filesystem::path& path, int64_t vocabulary);
  ~Shard();
  Shard(Shard&&) noexcept;
  Shard& operator=(Shard&&) = delete;

  int64_t size() const;
  const std::string& codec() const;
  const std::string& vocabulary_digest() const;
  std::string Id(int64_t record) const;
  int64_t Class(int64_t record) const;
  std::array<float, 4> Box(int64_t record) const;
  int64_t Captions(int64_t record) const;
  std::vector<int32_t> Tokens(int64_t record, int64_t caption) const;
  int64_t TokenCount(int64_t record, int64_t caption) const;
  std::string Text(int64_t record, int64_t caption) const;
  std::array<int, 2> Size(int64_t record) const;  // width, height
  // The encoded picture, read with pread and checked against its checksum. Throws Error{kData} naming file
  // and record.
  std::vector<uint8_t> ImageBytes(int64_t record) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace helio::dataio
