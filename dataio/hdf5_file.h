#pragma once
#include <hdf5.h>

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "src/base/error.h"

namespace helio::dataio {

// HDF5 is not thread-safe: everything below holds this lock.
std::recursive_mutex& Hdf5Lock();

// Owns an HDF5 identifier of any kind.
class Hdf5Id {
 public:
  Hdf5Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Hdf5Id(Hdf5Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Id(const Hdf5Id&) = delete;
  Hdf5Id& operator=(const Hdf5Id&) = delete;
  ~Hdf5Id() { Close(); }
  // Stands for the identifier in C calls. NOLINTNEXTLINE(google-explicit-constructor)
  operator hid_t() const { return id_; }
  bool valid() const { return id_ >= 0; }
  // Closes now and says whether that went well; the destructor has nobody to tell.
  bool Close() {
    if (id_ < 0) return true;
    const std::lock_guard lock(Hdf5Lock());
    return close_(std::exchange(id_, -1)) >= 0;
  }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

template <typename T>
hid_t Hdf5Type();
template <>
inline hid_t Hdf5Type<uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
inline hid_t Hdf5Type<char>() {
  return H5T_NATIVE_UINT8;
}
template <>
inline hid_t Hdf5Type<uint16_t>() {
  return H5T_NATIVE_UINT16;
}
template <>
inline hid_t Hdf5Type<int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
inline hid_t Hdf5Type<uint64_t>() {
  return H5T_NATIVE_UINT64;
}
template <>
inline hid_t Hdf5Type<float>() {
  return H5T_NATIVE_FLOAT;
}

// The longest attribute, its zero byte included: what a reader takes.
constexpr size_t kMaxAttribute = 4096;

// Bytes [begin, end) of a file.
struct ByteRange {
  uint64_t begin = 0, end = 0;
  uint64_t size() const { return end - begin; }
};

// A new file of contiguous one-dimensional data sets and string attributes. Byte-for-byte a function of what
// is written.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::filesystem::path& path);
  template <typename T>
  void Write(const std::string& name, const std::vector<T>& values) {
    WriteRaw(name, Hdf5Type<T>(), values.data(), values.size());
  }
  // Throws Error{kUser} beyond kMaxAttribute.
  void Attribute(const std::string& name, const std::string& value);
  // Last: HDF5 writes its metadata only now. Throws Error{kSystem} if any of it does not reach the file.
  void Close();

 private:
  void WriteRaw(const std::string& name, hid_t type, const void* data, size_t size);
  std::string where_;
  Hdf5Id file_;
};

// Finds the arrays of such a file. Anything but contiguous, unfiltered, one-dimensional data of the expected
// type is refused with Error{kData}; a file system that fails throws as ErrorOfErrno.
class Hdf5Reader {
 public:
  explicit Hdf5Reader(const std::filesystem::path& path);
  std::string Attribute(const std::string& name);
  bool Has(const std::string& name);
  // Where a data set's values lie in the file.
  template <typename T>
  ByteRange Extent(const std::string& name) {
    return Extent(name, Hdf5Type<T>());
  }

 private:
  Hdf5Id Open(const std::string& name);
  ByteRange Extent(const std::string& name, hid_t expected);
  std::string where_;
  uint64_t file_size_;
  Hdf5Id file_;
};

}  // namespace helio::dataio
