#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

// How a shard's arrays are read: where they lie in its index (shard_index.h), which must outlive them.
namespace helio::dataio {

static_assert(std::endian::native == std::endian::little, "numbers lie in the file as in memory");

// An array in a file's bytes, of any alignment: HDF5 aligns nothing.
template <typename T>
class Column {
 public:
  Column() = default;
  explicit Column(std::span<const std::byte> bytes) : bytes_(bytes) {}
  size_t size() const { return bytes_.size() / sizeof(T); }
  T operator[](size_t i) const {
    T value;
    std::memcpy(&value, bytes_.data() + i * sizeof(T), sizeof(T));
    return value;
  }
  T at(size_t i) const { return i < size() ? (*this)[i] : throw std::out_of_range("row of a shard"); }
  T back() const { return at(size() - 1); }

 private:
  std::span<const std::byte> bytes_;
};

// Lists of different lengths, one after the other: list i is values[offset[i], offset[i + 1]).
template <typename T>
struct Lists {
  Column<T> values;
  Column<uint64_t> offset;

  size_t Length(size_t item) const { return offset.at(item + 1) - offset.at(item); }
  template <typename Items>
  Items Get(size_t item) const {
    Items items(Length(item), {});
    for (size_t i = 0, first = offset[item]; i < items.size(); ++i) items[i] = values[first + i];
    return items;
  }
};

}  // namespace helio::dataio
