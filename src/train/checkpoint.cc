#include "src/train/checkpoint.h"

#include <fcntl.h>

#include "src/base/checksum.h"
#include "src/base/moment.h"
#include "src/base/safetensors.h"
#include "src/train/checkpoint_files.h"
#include "src/train/checkpoint_manifest.h"
#include "src/train/checkpoint_names.h"
#include "src/train/checkpoint_origin.h"
#include "src/train/run_layout.h"

namespace helio::train {
namespace fs = std::filesystem;
namespace {

constexpr char kTensorFile[] = ".safetensors";
constexpr size_t kTensorFileSize = sizeof kTensorFile - 1;

FileDigest WriteText(const fs::path& path, const std::string& text) {
  WriteFileAtomically(path, text);
  return {text.size(), Digest(text)};
}

// Digests are of what was meant to be written: reading it back would bless a file system's mistakes.
uint64_t WriteFiles(const fs::path& folder, const Snapshot& snapshot) {
  Json files = Json::object();
  uint64_t bytes = 0;
  const auto list = [&](const std::string& name, const FileDigest& file) {
    files[name] = {{"bytes", file.bytes}, {"xxh3_128", file.digest}};
    bytes += file.bytes;
  };
  for (const auto& [stem, tensors] : snapshot.tensors)
    list(stem + kTensorFile, WriteSafeTensors(folder / (stem + kTensorFile), tensors,
                                              OriginOf(snapshot.step, snapshot.info, stem)));
  for (const auto& [name, text] : snapshot.texts) list(name, WriteText(folder / name, text));
  const Json manifest = {{"step", snapshot.step}, {"info", ToJson(snapshot.info)}, {"files", files}};
  const std::string text = SealManifest(manifest);
  WriteFileAtomically(folder / kManifestName, text);
  return bytes + text.size();
}

void Move(const fs::path& from, const fs::path& to) {
  if (const auto failed = TryRename(from, to)) throw fs::filesystem_error("cannot rename", from, to, failed);
}

// Puts `temporary` where a checkpoint is; where that lies now.
fs::path Replace(const fs::path& temporary, const fs::path& target) {
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0)
    return temporary;
  // A file system without exchange: for an instant there is none of this step (RemoveLeftovers).
  const auto old = HiddenFolder(target, Hidden::kReplaced);
  fs::remove_all(old);
  Move(target, old);
  try {
    Move(temporary, target);
  } catch (const fs::filesystem_error&) {
    TryRename(old, target);
    throw;
  }
  return old;
}

// Puts `temporary` where `target` is, which may be a checkpoint already: both change places in one instant.
void MoveIntoPlace(const fs::path& temporary, const fs::path& target) {
  if (!fs::exists(target)) return Move(temporary, target);
  const auto before = Replace(temporary, target);
  SyncDirectory(target.parent_path());
  fs::remove_all(before);
}

[[noreturn]] void ThrowSystem(const fs::filesystem_error& error, const fs::path& target) {
  throw Error(ErrorKind::kSystem, error.code().message(), target.string(),
              "check the disk and its permissions");
}

// What is wrong with the file as it lies there; empty: nothing.
std::string FaultOf(const fs::path& path, const Json& expected) {
  const std::string where = path.string();
  if (!Exists(path)) return "is missing";
  if (FileSize(path) != JsonField<uint64_t>(expected, "bytes", where)) return "has the wrong size";
  if (DigestFile(where) != JsonField<std::string>(expected, "xxh3_128", where)) return "checksum differs";
  return "";
}

// `origin`: of a tensor file; empty: of another. What a file says of itself is part of its digest, so that it
// is only asked where that differs.
void VerifyFile(const fs::path& path, const Json& expected, const Origin& origin) {
  const auto fault = FaultOf(path, expected);
  if (fault.empty()) return;
  if (!origin.empty())
    if (const auto other = OtherOrigin(path, origin); !other.empty())
      ThrowData(other, path.string(), "another checkpoint's file was put in its place; put the own one back");
  ThrowData(fault, path.string(), "use an older checkpoint; this one is damaged");
}

// Names come from an untrusted manifest: they must stay inside the folder.
void CheckFileName(const std::string& name, const std::string& where) {
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with("."))
    ThrowData("manifest names an impossible file '" + name + "'", where);
}

CheckpointInfo InfoIn(const Json& manifest, const std::string& where) {
  return InfoFromJson(JsonField<Json>(manifest, "info", where), where);
}

Origin ExpectedOrigin(const std::string& name, const Snapshot& snapshot) {
  if (!name.ends_with(kTensorFile)) return {};
  return OriginOf(snapshot.step, snapshot.info, name.substr(0, name.size() - kTensorFileSize));
}

void ReadListedFile(const fs::path& folder, const std::string& name, Snapshot& snapshot) {
  if (name.ends_with(kTensorFile))
    snapshot.tensors[name.substr(0, name.size() - kTensorFileSize)] = ReadSafeTensors(folder / name).tensors;
  else
    snapshot.texts[name] = ReadFile(folder / name);
}

// None of a folder that is not there. One that is there and cannot be read may hold the run's whole past.
fs::directory_iterator EntriesOf(const fs::path& root) {
  std::error_code failed, unknown;
  fs::directory_iterator entries(root, failed);
  if (failed && fs::symlink_status(root, unknown).type() != fs::file_type::not_found)
    throw Error(ErrorKind::kSystem, "cannot be read: " + failed.message(), root.string(),
                "is its volume mounted, and may this user read it?");
  return entries;
}

}  // namespace

NamedTensors HostCopies(const NamedTensors& tensors) {
  const torch::NoGradGuard no_grad;
  NamedTensors copies;
  std::optional<torch::Device> device;
  for (const auto& [name, tensor] : tensors) {
    const bool queued = tensor.is_cuda();
    if (queued) device = tensor.device();
    const auto host = torch::empty(tensor.sizes(), torch::dtype(tensor.scalar_type()).pinned_memory(queued));
    copies.emplace_back(name, host.copy_(tensor, /*non_blocking=*/queued));
  }
  if (device) Moment::On(*device).Wait();
  return copies;
}

uint64_t WriteCheckpoint(const fs::path& root, const Snapshot& snapshot) {
  const auto target = root / FolderOfStep(snapshot.step),
             temporary = HiddenFolder(target, Hidden::kBeingWritten);
  try {
    MakeFolders(root);
    fs::remove_all(temporary);
    fs::create_directory(temporary);
    const uint64_t bytes = WriteFiles(temporary, snapshot);
    MoveIntoPlace(temporary, target);
    SyncDirectory(root);
    return bytes;
  } catch (const std::exception& error) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    if (const auto* system = dynamic_cast<const fs::filesystem_error*>(&error)) ThrowSystem(*system, target);
    throw;
  }
}

std::vector<CheckpointEntry> ListCheckpoints(const fs::path& root) {
  std::vector<CheckpointEntry> entries;
  for (const auto& entry : EntriesOf(root)) {
    const auto step = StepOfFolder(entry.path().filename().string());
    if (step && Exists(entry.path() / kManifestName)) entries.push_back({entry.path(), *step});
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.step > b.step; });
  return entries;
}

CheckpointInfo InfoOf(const CheckpointEntry& entry) {
  return InfoIn(ReadManifest(entry.path), (entry.path / kManifestName).string());
}

Snapshot ReadCheckpoint(const fs::path& path) {
  const std::string where = (path / kManifestName).string();
  const Json manifest = ReadManifest(path);
  Snapshot snapshot;
  snapshot.step = JsonField<int64_t>(manifest, "step", where);
  if (const auto named = StepOfFolder(path.filename().string()); named && *named != snapshot.step)
    ThrowData("is of step " + std::to_string(snapshot.step), where,
              "another checkpoint was put in this place; give its folder its own name back");
  snapshot.info = InfoIn(manifest, where);
  const auto files = JsonField<Json>(manifest, "files", where);
  for (const auto& [name, expected] : files.items()) {
    CheckFileName(name, where);
    VerifyFile(path / name, expected, ExpectedOrigin(name, snapshot));
    ReadListedFile(path, name, snapshot);
  }
  return snapshot;
}

std::optional<Snapshot> ReadNewestCheckpoint(const fs::path& root,
                                             const std::function<bool(const CheckpointInfo&)>& suits) {
  for (const auto& entry : ListCheckpoints(root)) {
    try {
      if (!suits || suits(InfoOf(entry))) return ReadCheckpoint(entry.path);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kData) throw;  // a disk that fails now may read it after the next start
      LOG(WARNING) << "checkpoint passed over: " << error.what();
    }
  }
  return std::nullopt;
}

void RemoveCheckpoint(const CheckpointEntry& entry) {
  const auto old = HiddenFolder(entry.path, Hidden::kBeingRemoved);
  auto failed = TryRename(entry.path, old);
  if (!failed) fs::remove_all(old, failed);
  if (failed) LOG(WARNING) << "cannot remove " << entry.path << ": " << failed.message();
}

void RemoveLeftovers(const fs::path& root) {
  std::vector<std::pair<fs::path, HiddenName>> found;
  std::error_code absent;
  for (const auto& entry : EntriesOf(root))
    if (auto hidden = ParseHiddenName(entry.path().filename().string()))
      found.emplace_back(entry.path(), std::move(*hidden));
  for (const auto& [path, hidden] : found) {
    const auto target = root / hidden.checkpoint;
    if (hidden.why == Hidden::kReplaced && !fs::exists(target, absent))
      fs::rename(path, target, absent);  // the process died before the new one was there
    else
      fs::remove_all(path, absent);
  }
}

void SetAsideAfter(const fs::path& root, int64_t step) {
  for (const auto& entry : ListCheckpoints(root)) {
    if (entry.step <= step) return;
    const auto place = FreeName(SetAsideFolder(root), entry.path.filename().string());
    Rename(entry.path, place);
    LOG(WARNING) << entry.path.string() << " is none that the run goes on from: moved to " << place.string();
  }
}

}  // namespace helio::train
