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
static_assert(sizeof(Trailer) == 64);
static_assert(std::endian::native == std::endian::little, "numbers lie in the file as in memory");

// Of everything but the pictures and the digest itself.
std::string DigestAround(std::span<const std::byte> content, const Trailer& trailer) {
  RunningDigest digest;
  digest.Add(content.first(trailer.images_begin));
  digest.Add(content.subspan(trailer.images_end));
  digest.Add(std::as_bytes(std::span(&trailer.images_begin, 1)));
  digest.Add(std::as_bytes(std::span(&trailer.images_end, 1)));
  return digest.Finish();
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
    trailer.file_bytes = content.bytes().size() + sizeof trailer;
    std::memcpy(trailer.digest, DigestAround(content.bytes(), trailer).data(), kDigestDigits);
  }
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file.write(reinterpret_cast<const char*>(&trailer), sizeof trailer);
  file.close();
  if (!file) throw Error(ErrorKind::kSystem, "cannot be completed", path.string(), "is the disk full?");
}

ShardSeal CheckSeal(std::span<const std::byte> bytes, const std::string& where) {
  Trailer trailer{};
  if (bytes.size() >= sizeof trailer)
    std::memcpy(&trailer, bytes.last(sizeof trailer).data(), sizeof trailer);
  if (std::memcmp(trailer.mark, kMark, sizeof kMark) != 0 || trailer.file_bytes != bytes.size())
    ThrowData("is not a whole shard of format version 2", where,
              "it is truncated, or of an older version; pack it again");
  const auto content = bytes.first(bytes.size() - sizeof trailer);
  const std::string digest(trailer.digest, kDigestDigits);
  if (trailer.images_begin > trailer.images_end || trailer.images_end > content.size() ||
      DigestAround(content, trailer) != digest)
    ThrowData("digest differs: its index is damaged", where, "pack it again");
  return {{trailer.images_begin, trailer.images_end}, digest};
}

}  // namespace helio::dataio
