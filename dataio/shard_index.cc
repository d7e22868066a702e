#include "dataio/shard_index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "src/base/descriptor.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kMostCopied = uint64_t{256} << 20;
std::atomic<uint64_t> copied_bytes{0};  // in this process

// Nothing where they would be too many.
std::shared_ptr<std::byte[]> PlaceForCopy(uint64_t bytes) {
  if (copied_bytes.fetch_add(bytes) + bytes > kMostCopied) {
    copied_bytes -= bytes;
    return nullptr;
  }
  return {new std::byte[bytes], [bytes](const std::byte* copy) {
            delete[] copy;
            copied_bytes -= bytes;
          }};
}

uint64_t BytesOf(int file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file, &status) != 0) throw ErrorOfErrno(errno, path, "cannot be looked at");
  if (!S_ISREG(status.st_mode)) ThrowUser("is not a regular file", path.string());
  return static_cast<uint64_t>(status.st_size);
}

void ReadAt(int file, uint64_t begin, std::span<std::byte> target, const std::string& where) {
  const auto got = ReadAllAt(file, begin, target);
  if (got < 0) throw ErrorOfErrno(errno, where, "cannot be read");
  if (got < std::ssize(target)) ThrowData("has shrunk while it was read", where, "copy the whole file again");
}

ShardSeal SealAtEnd(int file, uint64_t file_bytes, const std::string& where) {
  std::array<std::byte, kSealBytes> seal{};
  const auto there = std::span(seal).last(std::min<uint64_t>(file_bytes, kSealBytes));
  ReadAt(file, file_bytes - there.size(), there, where);
  return SealIn(seal, file_bytes, where);
}

}  // namespace

ShardIndex::ShardIndex(const fs::path& path) : where_(path.string()) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw ErrorOfErrno(errno, path, "cannot open");
  file_bytes_ = BytesOf(file.get(), path);
  seal_ = SealAtEnd(file.get(), file_bytes_, where_);
  copy_ = PlaceForCopy(file_bytes_ - kSealBytes - seal_.images.size());
  copy_ ? Copy(file.get()) : Map(path);
  CheckDigest(seal_, head_, tail_, where_);
}

void ShardIndex::Copy(int file) {
  const size_t before = seal_.images.begin, behind = file_bytes_ - kSealBytes - seal_.images.end;
  const std::span whole(copy_.get(), before + behind);
  ReadAt(file, 0, whole.first(before), where_);
  ReadAt(file, seal_.images.end, whole.last(behind), where_);
  head_ = whole.first(before);
  tail_ = whole.last(behind);
}

void ShardIndex::Map(const fs::path& path) {
  mapped_.emplace(path);
  const auto whole = mapped_->bytes();
  if (whole.size() != file_bytes_) ThrowData("has changed while it was opened", where_, "start again");
  head_ = whole.first(seal_.images.begin);
  tail_ = whole.first(whole.size() - kSealBytes).subspan(seal_.images.end);
}

std::span<const std::byte> ShardIndex::Bytes(const ByteRange& range) const {
  if (range.end <= head_.size()) return head_.subspan(range.begin, range.size());
  if (range.begin < seal_.images.end || range.end - seal_.images.end > tail_.size())
    ThrowData("an array of its index lies among the pictures", where_, "pack it again");
  return tail_.subspan(range.begin - seal_.images.end, range.size());
}

}  // namespace helio::dataio
