#include "src/train/checkpoint.h"

#include <unistd.h>

#include "src/base/checksum.h"
#include "src/base/safetensors.h"

namespace helio::train {
namespace fs = std::filesystem;
namespace {

constexpr int kFormatVersion = 1;
constexpr char kManifest[] = "manifest.json";

std::string FolderName(int64_t step) {
  char name[32];
  std::snprintf(name, sizeof name, "step-%010lld", static_cast<long long>(step));
  return name;
}

std::optional<int64_t> StepOfFolder(const std::string& name) {
  if (name.size() != 15 || !name.starts_with("step-")) return std::nullopt;
  if (name.find_first_not_of("0123456789", 5) != std::string::npos) return std::nullopt;
  return std::stoll(name.substr(5));
}

Json DescribeFile(const fs::path& path) {
  return {{"bytes", fs::file_size(path)}, {"xxh3_128", DigestFile(path.string())}};
}

void WriteFiles(const fs::path& folder, const Snapshot& snapshot) {
  Json files = Json::object();
  for (const auto& [stem, tensors] : snapshot.tensors) {
    const std::string name = stem + ".safetensors";
    WriteSafeTensors(folder / name, tensors);
    files[name] = DescribeFile(folder / name);
  }
  for (const auto& [name, text] : snapshot.texts) {
    WriteFileAtomically(folder / name, text);
    files[name] = DescribeFile(folder / name);
  }
  const Json manifest = {
      {"format_version", kFormatVersion}, {"step", snapshot.step}, {"info", snapshot.info}, {"files", files}};
  WriteFileAtomically(folder / kManifest, manifest.dump(1));
}

void VerifyFile(const fs::path& path, const Json& expected) {
  const std::string where = path.string();
  const char* remedy = "use an older checkpoint; this one is damaged";
  std::error_code missing;
  const auto bytes = fs::file_size(path, missing);
  if (missing) ThrowData("is missing", where, remedy);
  if (bytes != JsonField<uint64_t>(expected, "bytes", where)) ThrowData("has the wrong size", where, remedy);
  if (DigestFile(where) != JsonField<std::string>(expected, "xxh3_128", where))
    ThrowData("checksum differs", where, remedy);
}

// Names come from an untrusted manifest: they must stay inside the folder.
void CheckFileName(const std::string& name, const std::string& where) {
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with("."))
    ThrowData("manifest names an impossible file '" + name + "'", where);
}

}  // namespace

CheckpointEntry WriteCheckpoint(const fs::path& root, const Snapshot& snapshot) {
  fs::create_directories(root);
  const auto name = FolderName(snapshot.step);
  const auto temporary = root / ("." + name + ".tmp-" + std::to_string(::getpid()));
  const auto target = root / name;
  fs::remove_all(temporary);
  try {
    fs::create_directory(temporary);
    WriteFiles(temporary, snapshot);
    fs::remove_all(target);  // a damaged or re-trained checkpoint of the same step
    fs::rename(temporary, target);
    SyncDirectory(root);
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw Error(ErrorKind::kSystem, error.code().message(), target.string(),
                "check the disk and its permissions");
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
  return {target, snapshot.step};
}

std::vector<CheckpointEntry> ListCheckpoints(const fs::path& root) {
  std::vector<CheckpointEntry> entries;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(root, absent)) {
    const auto step = StepOfFolder(entry.path().filename().string());
    if (step && fs::exists(entry.path() / kManifest)) entries.push_back({entry.path(), *step});
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.step > b.step; });
  return entries;
}

Snapshot ReadCheckpoint(const fs::path& path) {
  const std::string where = (path / kManifest).string();
  const Json manifest = ReadJson(path / kManifest);
  if (const int version = JsonField<int>(manifest, "format_version", where); version != kFormatVersion)
    ThrowData("format version " + std::to_string(version) + " is not supported", where,
              "use the matching Heliograph");
  Snapshot snapshot;
  snapshot.step = JsonField<int64_t>(manifest, "step", where);
  snapshot.info = JsonField<Json>(manifest, "info", where);
  const auto files = JsonField<Json>(manifest, "files", where);
  for (const auto& [name, expected] : files.items()) {
    CheckFileName(name, where);
    VerifyFile(path / name, expected);
    if (name.ends_with(".safetensors"))
      snapshot.tensors[name.substr(0, name.size() - 12)] = ReadSafeTensors(path / name).tensors;
    else
      snapshot.texts[name] = ReadFile(path / name);
  }
  return snapshot;
}

std::optional<Snapshot> ReadNewestCheckpoint(const fs::path& root) {
  for (const auto& entry : ListCheckpoints(root)) {
    try {
      return ReadCheckpoint(entry.path);
    } catch (const Error& error) {
      LOG(WARNING) << "checkpoint passed over: " << error.what();
    }
  }
  return std::nullopt;
}

}  // namespace helio::train
