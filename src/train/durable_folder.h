#pragma once
#include <filesystem>

namespace helio::train {

// Creates `path` and the folders above it that are missing; each one's name is on the disk when it returns: a
// checkpoint in a folder that a power cut takes away is none. Throws std::filesystem::filesystem_error, or
// Error.
void CreateDurably(const std::filesystem::path& path);

}  // namespace helio::train
