#include "src/base/file_system.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "src/base/descriptor.h"
#include "src/base/error.h"
#include "src/base/mapped_ranges.h"

namespace helio {
namespace fs = std::filesystem;
namespace {

// A disk, a server or the way to it, or what this host has of files and memory: none of it is the path's
// fault. Lustre says ESHUTDOWN of a client that was evicted; a disk with errors is remounted read-only.
constexpr int kSystemCodes[] = {ENOSPC,     EDQUOT,       EIO,          EMFILE,   ENFILE,      ENOMEM,
                                ENOBUFS,    EROFS,        ESTALE,       ENOLCK,   ETIMEDOUT,   ENOTCONN,
                                ESHUTDOWN,  EHOSTDOWN,    EHOSTUNREACH, ENETDOWN, ENETUNREACH, ECONNREFUSED,
                                ECONNRESET, ECONNABORTED, EREMOTEIO};

[[noreturn]] void ThrowErrno(const fs::path& path, const char* doing) {
  throw ErrorOfErrno(errno, path, std::string("cannot ") + doing);
}

void Check(const std::error_code& failed, const fs::path& path, const char* doing) {
  if (failed) throw ErrorOfErrno(failed.value(), path, std::string("cannot ") + doing);
}

fs::file_status StatusOf(const fs::path& path) {
  std::error_code failed;
  const auto status = fs::status(path, failed);
  if (status.type() != fs::file_type::not_found) Check(failed, path, "be looked at");
  return status;
}

Descriptor Open(const fs::path& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (file.get() < 0) ThrowErrno(path, "open");
  return file;
}

fs::path WithSuffix(fs::path path, const char* suffix) { return path += suffix; }

// Whatever may be written there, a rename would put a file in the place of a device or a pipe.
fs::path Replaceable(fs::path path) {
  std::error_code unknown;
  const auto status = fs::status(path, unknown);
  if (!unknown && fs::exists(status) && !fs::is_regular_file(status))
    ThrowUser("is there and is no regular file", path.string(), "name a file");
  return path;
}

// Where a file is there it may be one that another process writes: it stays as it is.
void CheckMayOpen(const fs::path& path) {
  const Descriptor there(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  if (there.get() < 0 && errno != ENOENT) ThrowErrno(path, "create");
}

// From the top down, each one's name brought to the disk.
std::error_code MadeFolders(const fs::path& path) {
  std::error_code failed;
  if (path.empty() || fs::is_directory(path, failed)) return {};
  const auto parent = path.has_filename() ? path.parent_path() : path.parent_path().parent_path();
  if (const auto above = MadeFolders(parent)) return above;
  fs::create_directory(path, failed);
  if (!failed) SyncDirectory(parent.empty() ? "." : parent);
  return failed;
}

}  // namespace

Error ErrorOfErrno(int code, const fs::path& path, const std::string& what) {
  const bool system = std::ranges::find(kSystemCodes, code) != std::end(kSystemCodes);
  return {system ? ErrorKind::kSystem : ErrorKind::kUser, what + ": " + std::strerror(code), path.string(),
          code == ENOSPC ? "free some disk space" : ""};
}

std::string ReadFile(const fs::path& path) {
  const auto file = Open(path, O_RDONLY);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) ThrowErrno(path, "stat");
  if (S_ISDIR(status.st_mode)) ThrowUser("is a directory, expected a file", path.string());
  std::string content(static_cast<size_t>(status.st_size), '\0');
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + done, content.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) ThrowErrno(path, "read");
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  content.resize(done);
  return content;
}

bool Exists(const fs::path& path) { return fs::exists(StatusOf(path)); }

bool IsFolder(const fs::path& path) { return fs::is_directory(StatusOf(path)); }

void MakeFolders(const fs::path& path) { Check(MadeFolders(path), path, "be created"); }

void RemoveFile(const fs::path& path) {
  std::error_code failed;
  fs::remove(path, failed);
  Check(failed, path, "be removed");
}

void RemoveTree(const fs::path& path) {
  std::error_code failed;
  fs::remove_all(path, failed);
  Check(failed, path, "be removed");
}

void Rename(const fs::path& from, const fs::path& to) {
  Check(TryRename(from, to), from, ("be renamed to " + to.string()).c_str());
}

std::error_code TryRename(const fs::path& from, const fs::path& to) noexcept {
  struct stat before {
  }, after{};
  const bool known = ::lstat(from.c_str(), &before) == 0;
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  const std::error_code failed(errno, std::generic_category());
  const bool is_there = known && ::lstat(to.c_str(), &after) == 0 && before.st_ino == after.st_ino &&
                        before.st_dev == after.st_dev;
  return failed == std::errc::no_such_file_or_directory && is_there ? std::error_code() : failed;
}

uint64_t FileSize(const fs::path& path) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  Check(failed, path, "be looked at");
  return size;
}

bool NamesFile(const fs::path& path, int file) noexcept {
  struct stat named {
  }, open{};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(file, &open) == 0 && named.st_ino == open.st_ino &&
         named.st_dev == open.st_dev;
}

fs::path FreeName(const fs::path& folder, const fs::path& name) {
  MakeFolders(folder);
  for (int i = 1;; ++i) {
    const auto path = folder / (name.stem().string() + "-" + std::to_string(i) + name.extension().string());
    if (!Exists(path)) return path;
  }
}

Error AsError(const fs::filesystem_error& error) {
  std::string what = error.what();  // "filesystem error: cannot ...: Permission denied [path]"
  constexpr std::string_view kPrefix = "filesystem error: ";
  if (what.starts_with(kPrefix)) what.erase(0, kPrefix.size());
  return ErrorOfErrno(error.code().value(), error.path1(), what.substr(0, what.find(": ")));
}

int64_t ReadAllAt(int file, uint64_t begin, std::span<std::byte> target) {
  size_t done = 0;
  while (done < target.size()) {
    const ssize_t got =
        ::pread(file, target.data() + done, target.size() - done, static_cast<off_t>(begin + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return static_cast<int64_t>(done);
}

void WriteFileAtomically(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.Write(std::as_bytes(std::span(content.data(), content.size())));
  file.Commit();
}

void CheckNotReadOnly(const fs::path& path) {
  std::error_code unknown;
  auto there = fs::absolute(path, unknown);
  while (there.has_relative_path() && !fs::exists(there, unknown)) there = there.parent_path();
  if (::access(there.c_str(), W_OK) != 0 && errno == EROFS)
    ThrowUser("is on a read-only file system", path.string(), "choose a place that can be written to");
}

void CheckCanWrite(const fs::path& path) {
  CheckNotReadOnly(path);
  if (path.has_parent_path()) MakeFolders(path.parent_path());
  if (IsFolder(path)) ThrowUser("is a directory, expected a file", path.string());
  const auto temporary = WithSuffix(Replaceable(path), ".tmp");
  CheckMayOpen(temporary);
  auto own = (path.parent_path() / ".writable-XXXXXX").string();
  const Descriptor tried(::mkostemp(own.data(), O_CLOEXEC));
  if (tried.get() < 0) ThrowErrno(temporary, "create");
  ::unlink(own.c_str());
}

AtomicFile::AtomicFile(fs::path path)
    : path_(Replaceable(std::move(path))),
      temporary_(WithSuffix(path_, ".tmp")),
      fd_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
  if (fd_ < 0) ThrowErrno(temporary_, "create");
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::Write(std::span<const std::byte> bytes) {
  constexpr size_t kPiece = 8 << 20;
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), std::min(bytes.size(), kPiece));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) ThrowErrno(temporary_, "write");
    bytes = bytes.subspan(static_cast<size_t>(written));
    written_ += static_cast<uint64_t>(written);
    StartWriteBack();
  }
}

// The disk works while we prepare the next bytes, instead of all at once in fsync. A hint: it may fail.
void AtomicFile::StartWriteBack() {
  constexpr uint64_t kEvery = 32 << 20;
  if (written_ - started_ < kEvery) return;
  ::sync_file_range(fd_, static_cast<off64_t>(started_), static_cast<off64_t>(written_ - started_),
                    SYNC_FILE_RANGE_WRITE);
  started_ = written_;
}

void AtomicFile::Commit() {
  if (::fsync(fd_) != 0) ThrowErrno(temporary_, "sync");
  // Some file systems (NFS) tell of a full disk only now.
  const bool closed = ::close(std::exchange(fd_, -1)) == 0;
  const auto failed = closed ? TryRename(temporary_, path_) : std::error_code(errno, std::generic_category());
  if (failed) ::unlink(temporary_.c_str());
  Check(failed, path_, closed ? "rename to" : "close");
  SyncDirectory(path_.has_parent_path() ? path_.parent_path() : fs::path("."));
}

void SyncFile(const fs::path& path) {
  const auto file = Open(path, O_RDONLY);
  if (::fsync(file.get()) != 0) ThrowErrno(path, "sync");
}

void SyncDirectory(const fs::path& path) {
  const auto directory = Open(path, O_RDONLY | O_DIRECTORY);
  if (::fsync(directory.get()) != 0) ThrowErrno(path, "sync");
}

MappedFile::MappedFile(const fs::path& path) {
  const auto file = Open(path, O_RDONLY);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) ThrowErrno(path, "stat");
  if (!S_ISREG(status.st_mode)) ThrowUser("is not a regular file", path.string());
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) ThrowErrno(path, "map");
  data_ = static_cast<const std::byte*>(address);
  NoteMapping(data_, size_, path);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  ForgetMapping(data_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace helio
