#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "src/base/checksum.h"

// What writer and reader of a shard agree on; docs/formats.md says the rest.
namespace helio::dataio {

constexpr char kShardMagic[] = "heliograph-shard";
constexpr char kShardVersion[] = "2";

inline uint64_t PictureChecksum(const std::vector<uint8_t>& bytes) {
  return Checksum64(std::as_bytes(std::span(bytes)));
}

}  // namespace helio::dataio
