#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace helio {

// XXH3 (libxxhash). Against accidents, not against an adversary.
uint64_t Checksum64(std::span<const std::byte> bytes);  // per record
std::string Digest(std::span<const std::byte> bytes);   // XXH3-128 as 32 hex digits: per file
std::string DigestFile(const std::string& path);        // streams; throws Error if unreadable

}  // namespace helio
