#pragma once
#include <filesystem>
#include <string>

#include "src/base/json.h"

namespace helio::train {

// The manifest of a checkpoint (docs/formats-checkpoint.md).

// The text to write: `manifest` with the format version in front and a checksum over all of it behind.
std::string SealManifest(const Json& manifest);

// Reads `folder`/manifest.json. Throws Error{kData} when a byte of it is not as SealManifest wrote it, or its
// version is not ours.
Json ReadManifest(const std::filesystem::path& folder);

}  // namespace helio::train
