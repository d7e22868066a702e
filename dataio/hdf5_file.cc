#include "dataio/hdf5_file.h"

#include <cstdlib>
#include <string_view>

#include "src/base/file_system.h"

namespace helio::dataio {
namespace {

// HDF5 prints its error stack by default; ours is one line. Nor may it clean up at exit: everything is closed
// by then but files that the full disk kept from being closed, and those it crashes on.
Hdf5Id Quietly(hid_t (*open)(const char*), const std::string& path) {
  const std::lock_guard lock(Hdf5Lock());
  static const herr_t without_exit_handler = H5dont_atexit();  // before any other call; counts once
  static_cast<void>(without_exit_handler);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  return {open(path.c_str()), &H5Fclose};
}

hid_t CreateFile(const char* path) {
  const Hdf5Id creation(H5Pcreate(H5P_FILE_CREATE), &H5Pclose);
  H5Pset_obj_track_times(creation, false);
  return H5Fcreate(path, H5F_ACC_TRUNC, creation, H5P_DEFAULT);
}

hid_t OpenFile(const char* path) { return H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT); }

herr_t TakeErrno(unsigned /*depth*/, const H5E_error2_t* entry, void* code) {
  constexpr std::string_view kBefore = "errno = ";
  const std::string_view said = entry->desc == nullptr ? "" : entry->desc;
  const size_t at = said.find(kBefore);
  if (at == std::string_view::npos) return 0;
  *static_cast<int*>(code) = std::atoi(said.data() + at + kBefore.size());
  return 1;
}

// For where the library's last call failed: the system's own words, if a read failed; it has no other place
// for them than the text of its error stack. Else nothing: the content is at fault.
void ThrowIfSystemFailed(const std::string& where) {
  int code = 0;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, &TakeErrno, &code);
  if (const auto error = ErrorOfErrno(code, where, "cannot be read"); error.kind() == ErrorKind::kSystem)
    throw error;
}

// The library's last call on the file `where` failed: by the system, or because of what the file holds, which
// `what` says.
[[noreturn]] void ThrowFailed(const std::string& what, const std::string& where,
                              const std::string& remedy = "") {
  ThrowIfSystemFailed(where);
  ThrowData(what, where, remedy);
}

// An external or soft link would lead the library to another file.
bool AllLinksAreHard(hid_t file, const std::string& name, const std::string& where) {
  for (size_t end = name.find('/');; end = name.find('/', end + 1)) {
    H5L_info_t link;
    if (H5Lget_info(file, name.substr(0, end).c_str(), &link, H5P_DEFAULT) < 0) {
      ThrowIfSystemFailed(where);
      return false;
    }
    if (link.type != H5L_TYPE_HARD) return false;
    if (end == std::string::npos) return true;
  }
}

}  // namespace

std::recursive_mutex& Hdf5Lock() {
  static auto& lock = *new std::recursive_mutex;
  return lock;
}

Hdf5Writer::Hdf5Writer(const std::filesystem::path& path)
    : where_(path.string()), file_(Quietly(&CreateFile, path.string())) {
  if (!file_.valid())
    throw Error(ErrorKind::kSystem, "cannot be created", where_,
                "is the folder writable and the disk not full?");
}

void Hdf5Writer::WriteRaw(const std::string& name, hid_t type, const void* data, size_t size) {
  const std::lock_guard lock(Hdf5Lock());
  const hsize_t extent = size;
  const Hdf5Id space(H5Screate_simple(1, &extent, nullptr), &H5Sclose);
  const Hdf5Id links(H5Pcreate(H5P_LINK_CREATE), &H5Pclose),
      creation(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  H5Pset_obj_track_times(creation, false);
  H5Pset_layout(creation, H5D_CONTIGUOUS);
  H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
  const Hdf5Id set(H5Dcreate2(file_, name.c_str(), type, space, links, creation, H5P_DEFAULT), &H5Dclose);
  if (!set.valid() || (size > 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0))
    throw Error(ErrorKind::kSystem, "cannot write '" + name + "'", where_, "is the disk full?");
}

void Hdf5Writer::Attribute(const std::string& name, const std::string& value) {
  if (value.size() >= kMaxAttribute)
    ThrowUser("attribute '" + name + "' has " + std::to_string(value.size()) + " bytes, at most " +
                  std::to_string(kMaxAttribute - 1) + " are read back",
              where_, "use shorter names");
  const std::lock_guard lock(Hdf5Lock());
  const Hdf5Id type(H5Tcopy(H5T_C_S1), &H5Tclose), space(H5Screate(H5S_SCALAR), &H5Sclose);
  H5Tset_size(type, value.size() + 1);
  const Hdf5Id attribute(H5Acreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
  if (!attribute.valid() || H5Awrite(attribute, type, value.c_str()) < 0)
    throw Error(ErrorKind::kSystem, "cannot write attribute '" + name + "'", where_, "is the disk full?");
}

void Hdf5Writer::Close() {
  const std::lock_guard lock(Hdf5Lock());
  const bool flushed = H5Fflush(file_, H5F_SCOPE_GLOBAL) >= 0;
  if (!file_.Close() || !flushed)
    throw Error(ErrorKind::kSystem, "cannot be completed", where_, "is the disk full?");
}

Hdf5Reader::Hdf5Reader(const std::filesystem::path& path)
    : where_(path.string()), file_size_(0), file_(Quietly(&OpenFile, path.string())) {
  std::error_code missing;
  file_size_ = std::filesystem::file_size(path, missing);
  if (missing == std::errc::no_such_file_or_directory)
    ThrowData("is missing", where_, "pack the data set again");
  if (missing) throw ErrorOfErrno(missing.value(), path, "cannot be looked at");
  if (file_.valid()) return;
  const std::lock_guard lock(Hdf5Lock());
  ThrowFailed("is not a readable HDF5 file", where_, "it is truncated or damaged; pack it again");
}

Hdf5Id Hdf5Reader::Open(const std::string& name) {
  if (!AllLinksAreHard(file_, name, where_)) ThrowData("lacks the data set '" + name + "'", where_);
  Hdf5Id set(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), &H5Dclose);
  if (!set.valid()) ThrowFailed("lacks the data set '" + name + "'", where_);
  const Hdf5Id creation(H5Dget_create_plist(set), &H5Pclose);
  if (H5Pget_layout(creation) != H5D_CONTIGUOUS || H5Pget_nfilters(creation) != 0 ||
      H5Pget_external_count(creation) != 0)
    ThrowData("data set '" + name + "' is not contiguous, unfiltered and in the file itself", where_,
              "only files of helio-pack are read");
  return set;
}

ByteRange Hdf5Reader::Extent(const std::string& name, hid_t expected) {
  const std::lock_guard lock(Hdf5Lock());
  const auto set = Open(name);
  const Hdf5Id space(H5Dget_space(set), &H5Sclose), type(H5Dget_type(set), &H5Tclose);
  const uint64_t width = H5Tget_size(expected);
  hsize_t values = 0;
  if (H5Sget_simple_extent_ndims(space) != 1 || H5Sget_simple_extent_dims(space, &values, nullptr) != 1 ||
      H5Tequal(type, expected) <= 0 || values > file_size_ / width)
    ThrowData("data set '" + name + "' has another shape or type than expected", where_);
  if (values == 0) return {};
  const uint64_t begin = H5Dget_offset(set), bytes = values * width;
  if (begin == HADDR_UNDEF || H5Dget_storage_size(set) != bytes || begin > file_size_ ||
      file_size_ - begin < bytes)
    ThrowData("data set '" + name + "' lies beyond the end", where_, "the file is truncated");
  return {begin, begin + bytes};
}

bool Hdf5Reader::Has(const std::string& name) {
  const std::lock_guard lock(Hdf5Lock());
  return AllLinksAreHard(file_, name, where_);
}

std::string Hdf5Reader::Attribute(const std::string& name) {
  const std::lock_guard lock(Hdf5Lock());
  const Hdf5Id attribute(H5Aopen(file_, name.c_str(), H5P_DEFAULT), &H5Aclose);
  if (!attribute.valid()) ThrowFailed("lacks the attribute '" + name + "'", where_);
  const Hdf5Id type(H5Aget_type(attribute), &H5Tclose);
  const size_t size = H5Tget_size(type);
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 || size == 0 || size > kMaxAttribute)
    ThrowData("attribute '" + name + "' is not a short string", where_);
  std::string value(size, '\0');
  if (H5Aread(attribute, type, value.data()) < 0) ThrowFailed("cannot read attribute '" + name + "'", where_);
  return value.substr(0, value.find('\0'));
}

}  // namespace helio::dataio
