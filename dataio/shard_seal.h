#pragma once
#include <filesystem>
#include <span>
#include <string>

#include "dataio/hdf5_file.h"

// The last 64 bytes of a shard, behind what HDF5 knows of: where the pictures lie, and a digest of all other
// bytes. It is looked at before HDF5 opens the file, because that library trusts its metadata: damaged ones
// make it read beyond its own buffers.
namespace helio::dataio {

struct ShardSeal {
  ByteRange images;    // the bytes that the digest leaves out; each picture has a checksum of its own
  std::string digest;  // XXH3-128 of the others
};

// Appends the seal to a complete HDF5 file. Throws Error.
void SealShard(const std::filesystem::path& path);

constexpr size_t kSealBytes = 64;

// The seal in the `last` kSealBytes of a shard of `file_bytes`. Throws Error{kData} naming `where` where it
// is none of such a file.
ShardSeal SealIn(std::span<const std::byte> last, uint64_t file_bytes, const std::string& where);

// Throws Error{kData} naming `where` unless the bytes before the pictures and those from their end up to the
// seal are what was sealed.
void CheckDigest(const ShardSeal& seal, std::span<const std::byte> before, std::span<const std::byte> behind,
                 const std::string& where);

}  // namespace helio::dataio
