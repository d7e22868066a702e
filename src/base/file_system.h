#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace helio {

// Files as a trainer needs them: whole reads, and writes that are durable before they are visible. Every
// function throws Error with the path and the system's reason. Thread-safe.
std::string ReadFile(const std::filesystem::path& path);

// Writes to `path`.tmp, fsyncs, renames, fsyncs the folder: after a crash `path` is the old or the new
// content, never a mix. Error{kUser} where a folder, a device or a pipe is there.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

// The same in pieces: what is not committed disappears again. One thread.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();
  void Write(std::span<const std::byte> bytes);
  // fsync, rename, fsync of the folder. Once, last.
  void Commit();

 private:
  void StartWriteBack();

  const std::filesystem::path path_, temporary_;
  int fd_;
  uint64_t written_ = 0, started_ = 0;  // bytes given to the system; bytes it was asked to bring to the disk
};

// That what is there of `path` is on no read-only file system. Throws Error{kUser}: who starts a program
// chose that place. One that turns read-only later has failed (ErrorOfErrno).
void CheckNotReadOnly(const std::filesystem::path& path);

// That an AtomicFile can be made there, asked before hours of work: makes the folders above it, leaves
// nothing else, and leaves alone what another process is writing there. Throws Error where it cannot; as
// CheckNotReadOnly.
void CheckCanWrite(const std::filesystem::path& path);

// What std::filesystem does, with an Error that names the path instead of its own exception. Exists follows
// links; false also where a parent of the path is no folder.
bool Exists(const std::filesystem::path& path);
bool IsFolder(const std::filesystem::path& path);
// With those above that are missing; one that is there is fine. The names of new ones are on the disk when it
// returns: what is written into a folder that a power cut takes away was not written.
void MakeFolders(const std::filesystem::path& path);
void RemoveFile(const std::filesystem::path& path);  // one that is not there is fine
void RemoveTree(const std::filesystem::path& path);
void Rename(const std::filesystem::path& from, const std::filesystem::path& to);
// What the system said, if it failed; does not throw. A server that hears a request twice (NFS) answers the
// second time that nothing is there: what has come to `to` all the same is renamed.
std::error_code TryRename(const std::filesystem::path& from, const std::filesystem::path& to) noexcept;

// As pread, but of all of `target`: fewer bytes only where the file ends; -1 with errno.
int64_t ReadAllAt(int file, uint64_t begin, std::span<std::byte> target);

uint64_t FileSize(const std::filesystem::path& path);
// Whether the name still stands for the open `file`; not where it was removed or replaced, or cannot be seen.
bool NamesFile(const std::filesystem::path& path, int file) noexcept;
// `folder`/name-1.extension, or the next number that is not taken; makes the folder.
std::filesystem::path FreeName(const std::filesystem::path& folder, const std::filesystem::path& name);

// The Error for what the system reports, as errno or as `error`: kSystem where a disk is full or failed, a
// file server does not answer or this host has no more files or memory; else kUser.
class Error;
Error ErrorOfErrno(int code, const std::filesystem::path& path, const std::string& what);
Error AsError(const std::filesystem::filesystem_error& error);

void SyncFile(const std::filesystem::path& path);
void SyncDirectory(const std::filesystem::path& path);

// A read-only mapping of a whole file; the bytes live as long as the object. A file that shrinks meanwhile
// ends the process, which names it (mapped_ranges.h). Move-only.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace helio
