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

// The seal of a shard's `bytes`. Throws Error{kData} naming `where` unless they are what was sealed.
ShardSeal CheckSeal(std::span<const std::byte> bytes, const std::string& where);

}  // namespace helio::dataio
