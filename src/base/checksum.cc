#include "src/base/checksum.h"

#include <xxhash.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <vector>

#include "src/base/error.h"

namespace helio {
namespace {

std::string Hex(XXH128_hash_t hash) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text;
}

}  // namespace

uint64_t Checksum64(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string Digest(std::span<const std::byte> bytes) { return Hex(XXH3_128bits(bytes.data(), bytes.size())); }

std::string DigestFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) ThrowUser("cannot be opened for reading", path);
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<char> buffer(1 << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0)
    XXH3_128bits_update(state.get(), buffer.data(), static_cast<size_t>(file.gcount()));
  if (file.bad()) ThrowData("read error", path);
  return Hex(XXH3_128bits_digest(state.get()));
}

}  // namespace helio
