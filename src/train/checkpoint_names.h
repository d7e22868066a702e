#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace helio::train {

// What checkpoints' folders are called (docs/formats-checkpoint.md). Nothing here looks at the disk.

// "step-0000000012".
std::string FolderOfStep(int64_t step);
// The step of such a name; nothing of another.
std::optional<int64_t> StepOfFolder(const std::string& name);

// Why a checkpoint's folder is hidden.
enum class Hidden {
  kBeingWritten,  // ".step-<n>.tmp-<pid>"
  kReplaced,      // ".step-<n>.old-<pid>": was whole until another took its place
  kBeingRemoved,  // ".step-<n>.bin-<pid>"
};

// Beside `checkpoint`, this process' own.
std::filesystem::path HiddenFolder(const std::filesystem::path& checkpoint, Hidden why);

struct HiddenName {
  std::string checkpoint;  // the folder's name when it is not hidden
  Hidden why;
};
// Of any process' such name; nothing of another.
std::optional<HiddenName> ParseHiddenName(const std::string& name);

}  // namespace helio::train
