#include "src/base/checksum.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <vector>

#include "src/base/descriptor.h"
#include "src/base/error.h"
#include "src/base/file_system.h"

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
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw ErrorOfErrno(errno, path, "cannot open");
  RunningDigest digest;
  std::vector<std::byte> buffer(1 << 20);
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw ErrorOfErrno(errno, path, "cannot read");
    if (got == 0) return digest.Finish();
    digest.Add(std::span(buffer).first(static_cast<size_t>(got)));
  }
}

}  // namespace helio
