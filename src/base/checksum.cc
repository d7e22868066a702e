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

struct RunningDigest::State {
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> hash{XXH3_createState(), XXH3_freeState};
};

RunningDigest::RunningDigest() : state_(std::make_shared<State>()) { XXH3_128bits_reset(state_->hash.get()); }

void RunningDigest::Add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_->hash.get(), bytes.data(), bytes.size());
}

std::string RunningDigest::Finish() const { return Hex(XXH3_128bits_digest(state_->hash.get())); }

std::string DigestFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) ThrowUser("cannot be opened for reading", path);
  RunningDigest digest;
  std::vector<char> buffer(1 << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0)
    digest.Add(std::as_bytes(std::span(buffer.data(), static_cast<size_t>(file.gcount()))));
  if (file.bad()) ThrowData("read error", path);
  return digest.Finish();
}

}  // namespace helio
