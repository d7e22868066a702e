#include "src/base/safetensors.h"

#include <bit>

#include "src/base/checksum.h"
#include "src/base/enum_names.h"
#include "src/base/json.h"

namespace helio {
namespace fs = std::filesystem;
namespace {

static_assert(std::endian::native == std::endian::little, "numbers lie in the file as in memory");
constexpr uint64_t kMaxHeader = 100'000'000;

constexpr Named<torch::Dtype> kTypes[] = {
    {torch::kFloat64, "F64"}, {torch::kFloat32, "F32"}, {torch::kFloat16, "F16"}, {torch::kBFloat16, "BF16"},
    {torch::kInt64, "I64"},   {torch::kInt32, "I32"},   {torch::kInt16, "I16"},   {torch::kInt8, "I8"},
    {torch::kUInt8, "U8"},    {torch::kBool, "BOOL"}};

torch::Dtype TypeOf(const std::string& name, const std::string& where) {
  if (const auto type = ValueIn(kTypes, name)) return *type;
  ThrowData("unknown dtype '" + name.substr(0, 32) + "'", where);
}

std::string NameOf(torch::Dtype dtype, const std::string& where) {
  auto name = NameIn(kTypes, dtype);
  if (name.empty()) ThrowUser("a tensor has a dtype that safetensors cannot hold", where);
  return name;
}

// One tensor's row of the header, checked.
struct Entry {
  std::string name;
  torch::Dtype dtype;
  std::vector<int64_t> shape;
  uint64_t begin, end;
};

uint64_t CheckedBytes(const std::vector<int64_t>& shape, torch::Dtype dtype, const std::string& where) {
  uint64_t bytes = c10::elementSize(dtype);
  for (const int64_t dimension : shape)
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(dimension), &bytes))
      ThrowData("shape overflows", where);
  return bytes;
}

std::vector<int64_t> ParseShape(const Json& json, const std::string& where) {
  if (!json.is_array() || json.size() > 16) ThrowData("shape is not a short list", where);
  std::vector<int64_t> shape;
  for (const auto& dimension : json) {
    if (!dimension.is_number_unsigned() || dimension.get<uint64_t>() > (1ull << 48))
      ThrowData("bad dimension", where);
    shape.push_back(dimension.get<int64_t>());
  }
  return shape;
}

Entry ParseEntry(const std::string& name, const Json& json, const std::string& file) {
  const std::string where = file + ": tensor '" + name.substr(0, 200) + "'";
  Entry entry{name, TypeOf(JsonField<std::string>(json, "dtype", where), where), {}, 0, 0};
  entry.shape = ParseShape(json.contains("shape") ? json["shape"] : Json(), where);
  const auto offsets = json.contains("data_offsets") ? json["data_offsets"] : Json();
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    ThrowData("data_offsets is not a pair of byte positions", where);
  entry.begin = offsets[0].get<uint64_t>();
  entry.end = offsets[1].get<uint64_t>();
  if (entry.end < entry.begin || entry.end - entry.begin != CheckedBytes(entry.shape, entry.dtype, where))
    ThrowData("data_offsets do not match shape and dtype", where);
  return entry;
}

// nlohmann keeps the last of two equal keys silently; a callback sees both.
Json ParseHeader(std::string_view text, const std::string& file) {
  std::vector<std::set<std::string>> keys;
  bool duplicate = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > 8) ThrowData("header is nested too deeply", file);
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) duplicate |= !keys.back().insert(parsed.get<std::string>()).second;
    return true;
  };
  Json header;
  try {
    header = Json::parse(text, watch);
  } catch (const nlohmann::json::exception& error) {
    ThrowData(std::string("header is not valid JSON: ") + error.what(), file);
  }
  if (duplicate) ThrowData("header names a tensor twice", file);
  if (!header.is_object()) ThrowData("header is not a JSON object", file);
  return header;
}

void CheckCoverage(const std::vector<Entry>& entries, uint64_t data_bytes, const std::string& file) {
  uint64_t position = 0;
  for (const auto& entry : entries) {
    if (entry.begin != position)
      ThrowData("tensor data overlaps or leaves a hole at '" + entry.name + "'", file);
    position = entry.end;
  }
  if (position != data_bytes)
    ThrowData("data section has " + std::to_string(data_bytes) + " bytes, header describes " +
                  std::to_string(position),
              file, "the file is truncated or has trailing bytes");
}

void ReadMetadata(const Json& json, SafeTensors& result, const std::string& file) {
  if (!json.is_object()) ThrowData("__metadata__ is not an object", file);
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) ThrowData("__metadata__ holds something that is not a string", file);
    result.metadata[key] = value.get<std::string>();
  }
}

std::vector<Entry> ParseEntries(const Json& header, SafeTensors& result, const std::string& file) {
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__")
      ReadMetadata(value, result, file);
    else
      entries.push_back(ParseEntry(name, value, file));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  return entries;
}

torch::Tensor View(const Entry& entry, const std::byte* data, const std::shared_ptr<MappedFile>& file) {
  const auto* address = data + entry.begin;
  // An unaligned tensor (legal in the format) is copied: torch kernels assume alignment.
  if (reinterpret_cast<uintptr_t>(address) % c10::elementSize(entry.dtype) != 0) {
    auto copy = torch::empty(entry.shape, entry.dtype);
    if (entry.end > entry.begin) std::memcpy(copy.data_ptr(), address, entry.end - entry.begin);
    return copy;
  }
  return torch::from_blob(
      const_cast<std::byte*>(address), entry.shape, [file](void*) {}, entry.dtype);
}

std::string HeaderText(const NamedTensors& tensors, const std::map<std::string, std::string>& metadata,
                       const std::string& where) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t position = 0;
  for (const auto& [name, tensor] : tensors) {
    if (header.contains(name)) ThrowUser("two tensors are named '" + name + "'", where);
    header[name] = {{"dtype", NameOf(tensor.scalar_type(), where)},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {position, position + tensor.nbytes()}}};
    position += tensor.nbytes();
  }
  std::string text = JsonText(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // tensors start aligned
  return text;
}

}  // namespace

const torch::Tensor* SafeTensors::Find(const std::string& name) const {
  for (const auto& [key, tensor] : tensors)
    if (key == name) return &tensor;
  return nullptr;
}

std::string SafeTensors::MetadataValue(const std::string& key) const {
  const auto found = metadata.find(key);
  return found == metadata.end() ? "" : found->second;
}

SafeTensors ReadSafeTensors(const fs::path& path) {
  const std::string file = path.string();
  auto mapped = std::make_shared<MappedFile>(path);
  const auto bytes = mapped->bytes();
  uint64_t header_size = 0;
  if (bytes.size() < sizeof header_size) ThrowData("is too short for a safetensors file", file);
  std::memcpy(&header_size, bytes.data(), sizeof header_size);
  if (header_size > kMaxHeader || header_size > bytes.size() - sizeof header_size)
    ThrowData("header size is beyond the file or the limit", file,
              "the file is truncated or not safetensors");
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + sizeof header_size;
  SafeTensors result;
  const auto entries = ParseEntries(ParseHeader({text, header_size}, file), result, file);
  CheckCoverage(entries, bytes.size() - sizeof header_size - header_size, file);
  const auto* data = bytes.data() + sizeof header_size + header_size;
  for (const auto& entry : entries) result.tensors.emplace_back(entry.name, View(entry, data, mapped));
  return result;
}

FileDigest WriteSafeTensors(const fs::path& path, const NamedTensors& tensors,
                            const std::map<std::string, std::string>& metadata) {
  const std::string header = HeaderText(tensors, metadata, path.string());
  const uint64_t header_size = header.size();
  AtomicFile file(path);
  RunningDigest digest;
  FileDigest result;
  const auto write = [&](const void* data, size_t size) {
    const std::span bytes(static_cast<const std::byte*>(data), size);
    file.Write(bytes);
    digest.Add(bytes);
    result.bytes += size;
  };
  write(&header_size, sizeof header_size);
  write(header.data(), header.size());
  for (const auto& [name, tensor] : tensors) {
    const auto host = tensor.detach().to(torch::kCPU).contiguous();
    write(host.data_ptr(), host.nbytes());
  }
  file.Commit();
  result.digest = digest.Finish();
  return result;
}

}  // namespace helio
