#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/base/named_tensors.h"
#include "src/base/tensor.h"
#include "src/train/checkpoint_info.h"

namespace helio::train {

// All that a run is, at a step boundary, as host copies that training no longer touches.
struct Snapshot {
  int64_t step = 0;
  std::map<std::string, NamedTensors> tensors;  // file stem (checkpoint_files.h) -> tensors
  std::map<std::string, std::string> texts;     // file name -> content
  CheckpointInfo info;
};

// Contiguous copies in host memory, for a snapshot; of a device's tensors in pinned memory, one wait for all
// of them. They lie on one device.
NamedTensors HostCopies(const NamedTensors& tensors);

// A whole checkpoint on disk (docs/formats-checkpoint.md): the folder `step-<10 digits>` with manifest.json
// and the files it lists.
struct CheckpointEntry {
  std::filesystem::path path;
  int64_t step = 0;
};

// One process at a time writes under a root (RunDirectory's lock); others may read.

// Writes `snapshot` under `root`: into a hidden temporary folder, fsynced, manifest last, then one rename.
// After a crash at any instant the checkpoint is there whole or not at all, and one of the same step that was
// there before is there until then. Returns the bytes on disk. Throws Error{kSystem} (disk full, ...) and
// removes what it wrote.
uint64_t WriteCheckpoint(const std::filesystem::path& root, const Snapshot& snapshot);

// The folders that carry a manifest, newest first. Does not verify content. An absent root is an empty list.
// Throws Error{kSystem} where it is there (or a link to nowhere) and cannot be read, and as ErrorOfErrno
// where one of its folders cannot be looked at.
std::vector<CheckpointEntry> ListCheckpoints(const std::filesystem::path& root);

// What its manifest says of it; reads nothing else. Throws Error.
CheckpointInfo InfoOf(const CheckpointEntry& entry);

// Reads and verifies: manifest, every file's size and digest, tensors. Throws Error{kData} naming the damaged
// file.
Snapshot ReadCheckpoint(const std::filesystem::path& path);

// The newest checkpoint under `root` that reads whole, of those that `suits` (empty: all); each damaged one
// is logged and passed over. Empty if there is none. Throws Error of another kind than kData where one cannot
// be read just now.
std::optional<Snapshot> ReadNewestCheckpoint(const std::filesystem::path& root,
                                             const std::function<bool(const CheckpointInfo&)>& suits = {});

// Removes a checkpoint so that a crash in between leaves no half one.
void RemoveCheckpoint(const CheckpointEntry& entry);

// Removes what killed writers and removals left behind (hidden folders of ours).
void RemoveLeftovers(const std::filesystem::path& root);

// The run goes on from `step` (-1: from none of them), so checkpoints after it belong to another past
// (damaged, of an earlier run, or given up by the user): they move to `root`/set-aside, are logged, and count
// no more. Nothing is deleted.
void SetAsideAfter(const std::filesystem::path& root, int64_t step);

}  // namespace helio::train
