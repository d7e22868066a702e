#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "dataio/shard_seal.h"
#include "src/base/file_system.h"

namespace helio::dataio {

// The bytes of a shard but its pictures: a copy in memory, which a file that is truncated or overwritten
// under a run does not change. Beyond 256 MiB of copies in this process (half a million pictures with five
// captions) mapped: there a file that shrinks ends the process, which names it. Immutable, thread-safe.
class ShardIndex {
 public:
  // Throws Error{kData} unless it is what was sealed, and as ErrorOfErrno where it cannot be read.
  explicit ShardIndex(const std::filesystem::path& path);
  ShardIndex(const ShardIndex&) = delete;
  ShardIndex& operator=(const ShardIndex&) = delete;

  const ShardSeal& seal() const { return seal_; }
  // Those of `range` of the file. Throws Error{kData} where it reaches into the pictures.
  std::span<const std::byte> Bytes(const ByteRange& range) const;

 private:
  void Copy(int file);
  void Map(const std::filesystem::path& path);

  const std::string where_;
  uint64_t file_bytes_ = 0;
  ShardSeal seal_;
  std::shared_ptr<std::byte[]> copy_;
  std::optional<MappedFile> mapped_;
  std::span<const std::byte> head_, tail_;  // before the pictures; behind them, without the seal
};

}  // namespace helio::dataio
