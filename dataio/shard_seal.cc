#include "dataio/shard_seal.h"

#include <array>
#include <bit>
#include <cstring>
#include <fstream>

#include "src/base/checksum.h"
#include "src/base/file_system.h"

namespace helio::dataio {
namespace {

constexpr char kMark[8] = {'H', 'E', 'L', 'I', 'O', 'E', 'N', 'D'};
constexpr size_t kDigestDigits = 32;

// As it lies in the file; little-endian.
struct Trailer {
  char mark[8];
  uint64_t images_begin, images_end;
  char digest[kDigestDigits];
  uint64_t file_bytes;  // of the whole file
};
static_assert(sizeof(Trailer) == kSealBytes);
static_assert(std::endian::native == std::endian::little, "numbers lie in the file as in memory");

// Of everything but the pictures and the digest itself.
std::string DigestAround(const ByteRange& images, std::span<const std::byte> before,
                         std::span<const std::byte> behind) {
  RunningDigest digest;
  digest.Add(before);
  digest.Add(behind);
  digest.Add(std::as_bytes(std::span(&images.begin, 1)));
  digest.Add(std::as_bytes(std::span(&images.end, 1)));
  return digest.Finish();
}

[[noreturn]] void ThrowDigestDiffers(const std::string& where) {
  ThrowData("digest differs: its index is damaged", where, "pack it again");
}

}  // namespace

void SealShard(const std::filesystem::path& path) {
  Trailer trailer{};
  std::memcpy(trailer.mark, kMark, sizeof kMark);
  {
    const auto images = Hdf5Reader(path).Extent<uint8_t>("images/bytes");
    trailer.images_begin = images.begin;
    trailer.images_end = images.end;
    const MappedFile content(path);
    const auto bytes = content.bytes();
    trailer.file_bytes = bytes.size() + sizeof trailer;
    const auto digest = DigestAround(images, bytes.first(images.begin), bytes.subspan(images.end));
    std::memcpy(trailer.digest, digest.data(), kDigestDigits);
  }
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file.write(reinterpret_cast<const char*>(&trailer), sizeof trailer);
  file.close();
  if (!file) throw Error(ErrorKind::kSystem, "cannot be completed", path.string(), "is the disk full?");
}

ShardSeal SealIn(std::span<const std::byte> last, uint64_t file_bytes, const std::string& where) {
  Trailer trailer{};
  std::memcpy(&trailer, last.data(), sizeof trailer);
  if (std::memcmp(trailer.mark, kMark, sizeof kMark) != 0 || trailer.file_bytes != file_bytes)
    ThrowData("is not a whole shard of format version 2", where,
              "it is truncated, or of an older version; pack it again");
  if (trailer.images_begin > trailer.images_end || trailer.images_end > file_bytes - sizeof trailer)
    ThrowDigestDiffers(where);
  return {{trailer.images_begin, trailer.images_end}, std::string(trailer.digest, kDigestDigits)};
}

void CheckDigest(const ShardSeal& seal, std::span<const std::byte> before, std::span<const std::byte> behind,
                 const std::string& where) {
  if (DigestAround(seal.images, before, behind) != seal.digest) ThrowDigestDiffers(where);
}

}  // namespace helio::dataio
